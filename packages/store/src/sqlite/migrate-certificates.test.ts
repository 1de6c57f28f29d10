import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeSqliteHarness, type SqliteHarness } from '../testing/sqlite-harness.ts';
import { certificateDocumentOf, hostOf, openSuiteStore, SHOP, START } from '../testing/suite-fixtures.ts';

let harness: SqliteHarness;
beforeEach(async () => {
  harness = await makeSqliteHarness();
});
afterEach(() => harness.dispose());

test('certificates of a database from before they belonged to sets of names go on serving, what waited waits on, and names count as verified', async () => {
  const migrations = readMigrationFiles({
    migrationsFolder: resolve(import.meta.dirname, '../../migrations/sqlite'),
  });
  const added = migrations.findIndex(({ sql }) => sql.some((text) => text.includes('`certificate_orders`')));
  mkdirSync(dirname(harness.file), { recursive: true });
  const raw = new Database(harness.file);
  raw.pragma(`application_id = ${0x5053544e}`);
  raw.exec(
    'create table schema_migrations (tag_time integer primary key, hash text not null, applied_at integer not null)',
  );
  for (const { sql, folderMillis, hash } of migrations.slice(0, added)) {
    for (const statement of sql) raw.exec(statement);
    raw.prepare('insert into schema_migrations values (?, ?, 0)').run(folderMillis, hash);
  }
  raw.prepare("insert into projects values ('shop', 'p', 0)").run();
  const spec = (host: string, tls: object = {}) =>
    JSON.stringify({ host, tls, routes: [{ prefix: '/', route: { service: 'cart' } }] });
  const rows = [
    ['has', 'has.example.org', START + 5000, spec('has.example.org')],
    ['waits', 'waits.example.org', 0, spec('waits.example.org')],
    ['own', 'own.example.org', null, spec('own.example.org', { serverCertificate: { name: 'cert' } })],
  ] as const;
  for (const [name, host, wantedAt, text] of rows) {
    raw.prepare("insert into hostnames values (?, 'shop', 0, null, 'claimed', 0)").run(host);
    raw
      .prepare(
        `insert into routes (id, project, name, version, labels, created_at, updated_at, host, spec, certificate_wanted_at)
         values (?, 'shop', ?, 1, '{}', 7, 7, ?, ?, ?)`,
      )
      .run(name, name, host, text, wantedAt);
    raw
      .prepare("insert into changes values ('host', ?, ?, 1, '{}', 0)")
      .run(host, rows.findIndex((row) => row[1] === host) + 1);
  }
  for (const host of ['has.example.org', 'own.example.org']) {
    raw
      .prepare("insert into issued_certificates values (?, ?, 'local', ?, ?, 9)")
      .run(`id-${host}`, host, JSON.stringify(certificateDocumentOf(host)), START + 5000);
  }
  raw.close();

  const store = await openSuiteStore(harness.url);
  expect(await store.listDueOrders(START, 10)).toMatchObject([
    { names: ['waits.example.org'], state: 'pending', wantedSince: 7, certificate: null },
  ]);
  expect(await store.getCertificate(SHOP, hostOf('has.example.org'))).toMatchObject({
    ...{ state: 'issued', nextAttemptAt: START + 5000, usedNames: ['has.example.org'] },
    certificate: {
      ...{ id: 'id-has.example.org', issuer: 'local', renewAt: START + 5000, createdAt: 9 },
      document: { fingerprint: 'has.example.org' },
    },
  });
  expect(await store.getCertificate(SHOP, hostOf('own.example.org'))).toMatchObject({ usedNames: [] });
  expect(await store.getHostname(SHOP, hostOf('waits.example.org'))).toMatchObject({
    ...{ state: 'NotRequired', verifiedBy: 'trusted', verifiedAt: 0, since: 0, kept: false, checkAt: null },
  });
  const { items } = await store.listCertificates(SHOP, { limit: 10, expiresBefore: Date.UTC(2027, 0, 2) });
  expect(items).toHaveLength(2);
  await store.close();
});
