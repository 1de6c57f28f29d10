import type { Hostname } from '@postern/contracts';
import { expect, test } from 'vitest';
import { makeSqliteHarness } from '../testing/sqlite-harness.ts';
import { openDatabase } from './open-database.ts';
import { routeSecrets, routeServices, routes, serviceSecrets, services } from './schema.ts';
import { usersOfSecret, usersOfService } from './usage.ts';

test('users are those of the project, sorted, and at most as many as asked for', async () => {
  const { file, dispose } = await makeSqliteHarness();
  const { connection, db } = openDatabase(file, 1);
  // What users say of themselves is all that is looked at.
  connection.pragma('foreign_keys = OFF');
  const names = [
    ['p', 'b'],
    ['p', 'a'],
    ['p', 'c'],
    ['other', 'd'],
  ] as const;
  for (const [index, [project, name]] of names.entries()) {
    // In another order than the names.
    const id = `id-${index}`;
    const row = { id, project, name, version: 1, labels: {}, createdAt: 1, updatedAt: 1, spec: {} as never };
    db.insert(routes)
      .values({ ...row, host: `${id}.example` as Hostname })
      .run();
    db.insert(services).values(row).run();
    db.insert(routeServices).values({ project, service: 's', routeId: id }).run();
    db.insert(routeSecrets).values({ project, secret: 's', routeId: id }).run();
    db.insert(serviceSecrets).values({ project, secret: 's', serviceId: id }).run();
  }
  const routesOfP = ['route/a', 'route/b', 'route/c'];
  expect(usersOfService(db, 'p', 's')).toEqual(routesOfP);
  expect(usersOfService(db, 'p', 's', 2)).toHaveLength(2);
  expect(usersOfService(db, 'p', 't')).toEqual([]);
  expect(usersOfSecret(db, 'p', 's')).toEqual([...routesOfP, 'service/a', 'service/b', 'service/c']);
  // Of both kinds together, and routes first.
  for (const max of [2, 3, 4]) {
    const users = usersOfSecret(db, 'p', 's', max);
    expect(users).toHaveLength(max);
    expect(users.filter((user) => user.startsWith('route/'))).toHaveLength(Math.min(max, 3));
  }
  expect(usersOfSecret(db, 'other', 's')).toEqual(['route/d', 'service/d']);
  connection.close();
  await dispose();
});
