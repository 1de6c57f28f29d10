import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Change, hostname, resourceName, routeDescriptor, serviceSpec } from '@postern/contracts';
import { type Compiler, openStore, type Store } from '@postern/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { answerWithFeed, FeedServer } from './testing/feed-server.ts';
import { Follower } from './testing/follower.ts';

/** Documents that carry the port of the service: enough to see which state arrived. */
const compiler: Compiler = {
  compileHost: (rows) => ({
    host: rows.route.spec.host,
    project: rows.project,
    route: rows.route.name,
    closed: null,
    certificate: null,
    clientCertificate: null,
    httpBasic: null,
    cors: null,
    rules: [
      {
        name: null,
        prefix: String(rows.services.get('cart')?.targets[0] ?? ''),
        service: 'cart',
        enableWebsockets: false,
      },
    ],
    services: {},
  }),
  checkRoute: () => [],
  checkClientCas: () => [],
  checkService: () => [],
};

const project = resourceName.parse('shop');
const cart = resourceName.parse('cart');
let folder: string;
let file: string;
let store: Store;
let server: FeedServer;
let follower: Follower;
let transform: (change: Change) => Change;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-feed-store-'));
  file = join(folder, 'store.db');
  transform = (change) => change;
  await reopen();
  await store.ensureProject(project);
  await store.createService({
    project,
    name: cart,
    spec: serviceSpec.parse({ targets: ['http://127.0.0.1:1'] }),
  });
  server = new FeedServer((request, response, signal) =>
    answerWithFeed(request, response, {
      source: store,
      transform: (change) => transform(change),
      signal,
      heartbeatMs: 50,
      log: () => undefined,
    }),
  );
  await server.start();
  follower = new Follower();
});

afterEach(async () => {
  await follower.stop();
  follower.dispose();
  await server.stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function reopen(): Promise<void> {
  store = await openStore({ url: `sqlite:${file}`, compiler, now: Date.now, pollMs: 20 });
}

async function createRoutes(from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 1) {
    const spec = routeDescriptor.parse({
      host: hostname.parse(`h${n}.example.org`),
      routes: [{ prefix: '/', route: { service: 'cart' } }],
    });
    await store.createRoute({ project, name: resourceName.parse(`r${n}`), spec });
  }
}

/** Waits until the replica is exactly what the store's log says. */
async function untilEqual(): Promise<void> {
  await vi.waitFor(
    async () => {
      const { revision } = await store.cursor();
      expect(follower.replica.cursor()?.revision).toBe(revision);
    },
    { timeout: 30_000, interval: 20 },
  );
  const expected: [string, number, unknown][] = [];
  for (let after = 0; ; ) {
    const page = await store.changesAfter(after, 500);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.revision;
    for (const { id, revision, body } of page) if (body !== null) expected.push([id, revision, body]);
  }
  const found = follower.replica.listIds('host').map((id) => {
    const document = follower.replica.get('host', id);
    return [id, document?.revision, document?.body];
  });
  expect(found).toEqual(expected.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

test('a new replica takes a full copy, and then follows writes and deletes', async () => {
  await createRoutes(0, 3);
  follower.follow(server.url);
  await untilEqual();
  expect(follower.applied).toMatchObject([{ ids: 'all' }]);
  expect(server.requests[0]?.url).toBe('/v1/feed?edge=edge-1');
  expect(server.requests[0]?.headers).toMatchObject({
    authorization: 'Bearer token',
    'postern-edge-key': 'key',
  });
  await store.updateService({
    project,
    name: cart,
    spec: serviceSpec.parse({ targets: ['http://127.0.0.1:2'] }),
  });
  await untilEqual();
  expect(follower.replica.get('host', 'h1.example.org')?.body).toMatchObject({
    rules: [{ prefix: 'http://127.0.0.1:2' }],
  });
  await store.deleteRoute({ project, name: resourceName.parse('r1') });
  await untilEqual();
  expect(follower.replica.get('host', 'h1.example.org')).toBeUndefined();
  expect(follower.applied.at(-1)?.ids).toEqual([{ kind: 'host', id: 'h1.example.org' }]);
});

test('the changes of one write arrive in one transaction', async () => {
  await createRoutes(0, 150);
  follower.follow(server.url);
  await untilEqual();
  await store.updateService({
    project,
    name: cart,
    spec: serviceSpec.parse({ targets: ['http://127.0.0.1:2'] }),
  });
  await untilEqual();
  expect(follower.applied.at(-1)?.ids).toHaveLength(150);
});

test('more changes than one page arrive in order and complete', async () => {
  await createRoutes(0, 1100);
  follower.follow(server.url);
  await untilEqual();
  expect(follower.replica.listIds('host')).toHaveLength(1100);
});

test('connections cut again and again under writes lose nothing and repeat nothing', async () => {
  follower.follow(server.url);
  await untilEqual();
  for (let round = 0; round < 8; round += 1) {
    await createRoutes(round * 5, round * 5 + 5);
    server.cutConnections();
    await store.deleteRoute({ project, name: resourceName.parse(`r${round * 5}`) });
  }
  await untilEqual();
  const [first, ...later] = follower.applied;
  expect(first?.ids).toBe('all');
  expect(later.every((applied) => applied.ids !== 'all')).toBe(true);
  const revisions = later.map((applied) => applied.cursor.revision);
  expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
  expect(server.asked[0]).toBeNull();
  expect(server.asked.slice(1).every((after) => after !== null)).toBe(true);
});

test('a restarted edge and a restarted API resume where they were', async () => {
  await createRoutes(0, 3);
  follower.follow(server.url);
  await untilEqual();
  await follower.stop();
  await createRoutes(3, 5);
  await server.stop();
  await store.close();
  await reopen();
  await createRoutes(5, 7);
  await server.start();
  follower.follow(server.url);
  await untilEqual();
  expect(
    follower.applied.slice(1).flatMap(({ ids }) => (ids === 'all' ? ['all'] : ids.map(({ id }) => id))),
  ).toEqual(['h3.example.org', 'h4.example.org', 'h5.example.org', 'h6.example.org']);
});

test('an API that comes back later is followed again, and its absence is told', async () => {
  follower.follow(server.url);
  await untilEqual();
  await server.stop();
  await vi.waitFor(() => expect(follower.states.at(-1)).toMatchObject({ state: 'retrying' }), {
    timeout: 30_000,
  });
  await createRoutes(0, 2);
  await server.start();
  await untilEqual();
  expect(follower.states.at(-1)).toEqual({ state: 'following' });
});

test('a restored older database is noticed, and the replica becomes equal to it through a full copy', async () => {
  await createRoutes(0, 2);
  follower.follow(server.url);
  await untilEqual();
  await server.stop();
  await store.close();
  copyFileSync(file, join(folder, 'backup.db'));
  await reopen();
  await createRoutes(2, 6);
  await server.start();
  await untilEqual();
  await server.stop();
  await store.close();
  for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
  copyFileSync(join(folder, 'backup.db'), file);
  await reopen();
  await createRoutes(10, 20);
  await server.start();
  await untilEqual();
  expect(follower.applied.at(-1)?.ids).toBe('all');
  expect(follower.replica.get('host', 'h3.example.org')).toBeUndefined();
});

test('a change that cannot be prepared for the edge arrives as unusable, never as it lies in the store', async () => {
  transform = (change) => {
    if (change.id === 'h1.example.org') throw new Error('no');
    return change;
  };
  await createRoutes(0, 3);
  follower.follow(server.url);
  await vi.waitFor(() => expect(follower.replica.listIds('host')).toHaveLength(3), { timeout: 30_000 });
  expect(follower.replica.get('host', 'h1.example.org')).toMatchObject({
    formatVersion: -1,
    body: { unusable: expect.any(String) },
  });
  expect(follower.replica.get('host', 'h0.example.org')).toMatchObject({ formatVersion: 1 });
});
