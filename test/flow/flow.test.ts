import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type PosternClient } from '@postern/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Platform, startPlatform, startPostern } from '../platform/platform.ts';
import { EdgeClient, eventually } from './edge-client.ts';
import { makeServerCertificate } from './server-certificate.ts';

let platform: Platform;
let client: PosternClient;
let edge: EdgeClient;

const rule = (service: string, prefix = '/') => ({ prefix, route: { service } });

beforeAll(async () => {
  platform = await startPlatform();
  client = createClient({
    url: `http://127.0.0.1:${platform.ports.api}`,
    token: readFileSync(join(platform.directory, 'data/admin-token'), 'utf8').trim(),
    timeoutMs: 30_000,
  });
  const created = await platform.postern([
    'route',
    'create',
    'steady',
    '--hostname',
    'steady.localhost',
    '--path',
    '/=echo',
  ]);
  expect(created.code, created.stderr).toBe(0);
  edge = new EdgeClient(platform.ports.https, (await platform.postern(['ca'])).stdout);
});

afterAll(async () => {
  edge?.[Symbol.dispose]();
  await platform?.[Symbol.asyncDispose]();
});

test('100 writes are each enforced on every worker soon after the API has answered', async () => {
  for (let n = 0; n < 100; n += 1) {
    const prefix = `/n${n}`;
    await client.routes.update('default', 'steady', {
      spec: { host: 'steady.localhost', routes: [rule('echo'), { ...rule('echo', prefix), name: `n${n}` }] },
    });
  }
  // benchmarks/ measures how soon; here only that the last state holds for connections of every worker.
  const narrow = { host: 'steady.localhost', routes: [rule('echo', '/only')] };
  await client.routes.update('default', 'steady', { spec: narrow });
  const { stdout: ca } = await platform.postern(['ca']);
  const fresh = async (): Promise<boolean> => {
    using other = new EdgeClient(platform.ports.https, ca);
    return (await other.get('steady.localhost', '/')).status === 404;
  };
  expect(await eventually(fresh)).toBe(true);
  for (let n = 0; n < 10; n += 1) expect(await fresh()).toBe(true);
  await client.routes.update('default', 'steady', {
    spec: { host: 'steady.localhost', routes: [rule('echo')] },
  });
  expect(await eventually(async () => (await edge.get('steady.localhost')).status === 200)).toBe(true);
});

test('no request fails while other hosts change 1,000 times and the host changes its own certificate', {
  timeout: 400_000,
}, async () => {
  const failures: string[] = [];
  let served = 0;
  let running = true;
  // Half of the clients keep their connections, half make a new one for each request.
  const clients = [true, true, false, false].map(
    (keepAlive) => new EdgeClient(platform.ports.https, null, new Agent({ keepAlive })),
  );
  const load = clients.map(async (loader) => {
    while (running) {
      try {
        const { status } = await loader.get('steady.localhost', `/${served}`);
        if (status === 200) served += 1;
        else failures.push(String(status));
      } catch (error) {
        failures.push(String(error));
      }
      // Requests all the time, and time left for the changes.
      await delay(5);
    }
  });
  await client.routes.create('default', {
    name: 'other',
    spec: { host: 'other.localhost', routes: [rule('echo')] },
  });
  for (let n = 0; n < 900; n += 1) {
    await client.routes.update('default', 'other', {
      spec: { host: 'other.localhost', routes: [rule('echo', `/${n}`)] },
    });
  }
  const fingerprints = new Set<string>();
  for (let n = 0; n < 10; n += 1) {
    const { cert, key } = makeServerCertificate('steady.localhost');
    await client.secrets.put('default', 'own', { secret: { type: 'tls', cert, key } });
    if (n === 0) {
      await client.routes.update('default', 'steady', {
        spec: {
          host: 'steady.localhost',
          tls: { serverCertificate: { name: 'own' } },
          routes: [rule('echo')],
        },
      });
    }
    const before = fingerprints.size;
    expect(
      await eventually(
        async () =>
          fingerprints.add(await edge.serverCertificateFingerprint('steady.localhost')).size > before,
      ),
    ).toBe(true);
    for (let m = 0; m < 10; m += 1) {
      await client.routes.update('default', 'other', {
        spec: { host: 'other.localhost', routes: [rule('echo', `/c${n}-${m}`)] },
      });
    }
  }
  running = false;
  await Promise.all(load);
  for (const loader of clients) loader[Symbol.dispose]();
  expect(failures).toEqual([]);
  expect(served).toBeGreaterThan(500);
});

test('a restored older database is noticed, and the edge follows it', { timeout: 240_000 }, async () => {
  const data = join(platform.directory, 'data');
  const databaseFiles = (): string[] => readdirSync(data).filter((name) => name.startsWith('postern.db'));
  await platform.running.stop();
  const copy = join(platform.directory, 'copy');
  for (const name of databaseFiles()) cpSync(join(data, name), join(copy, name));

  const second = await startPostern(['up'], platform.env, /Postern is ready/);
  await client.routes.create('default', {
    name: 'lost',
    spec: { host: 'lost.localhost', routes: [rule('echo')] },
  });
  expect(
    await eventually(async () => (await edge.serverCertificateFingerprint('lost.localhost')) !== ''),
  ).toBe(true);
  await second.stop();

  for (const name of databaseFiles()) rmSync(join(data, name));
  for (const name of readdirSync(copy)) cpSync(join(copy, name), join(data, name));
  const third = await startPostern(['up', '--demo'], platform.env, /Postern is ready/);
  try {
    // Writes after the restore reuse the revisions of what was lost.
    for (const name of ['late1', 'late2', 'late3']) {
      await client.routes.create('default', {
        name,
        spec: { host: `${name}.localhost`, routes: [rule('echo')] },
      });
    }
    expect(await eventually(async () => (await edge.get('late3.localhost')).status === 200)).toBe(true);
    expect((await edge.get('late1.localhost')).status).toBe(200);
    await expect(edge.serverCertificateFingerprint('lost.localhost')).rejects.toThrow();
  } finally {
    await third.stop();
  }
});
