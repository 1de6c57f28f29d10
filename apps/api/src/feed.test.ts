import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Change, Hostname } from '@postern/contracts';
import { createLocalAuthority, issueServerCertificate, newEdgeKeyPair, openAtEdge } from '@postern/pki';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { specOf, startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
let tls: { cert: string; key: string };
const edge = newEdgeKeyPair();

beforeEach(async () => {
  api = await startTestApi();
  const authority = await createLocalAuthority({ name: 'CA', now: Date.now() });
  const issued = await issueServerCertificate({
    authority,
    host: 'a.localhost' as Hostname,
    now: Date.now(),
  });
  tls = { cert: issued.chainPem, key: issued.keyPem };
  await api.call('POST', 'services', {
    body: { name: 'echo', spec: { targets: ['http://127.0.0.1:3000'] } },
  });
});
afterEach(async () => api?.[Symbol.asyncDispose]());

/** Reads the feed until an event `synced`, and leaves it open until `leave`. */
async function readFeed(options: { key?: string; after?: string; name?: string } = {}) {
  const controller = new AbortController();
  const query = new URLSearchParams({
    edge: options.name ?? 'edge-1',
    ...(options.after === undefined ? {} : { after: options.after }),
  });
  const response = await fetch(`${api.url}/v1/feed?${query}`, {
    headers: { authorization: `Bearer ${api.edgeToken}`, 'postern-edge-key': options.key ?? edge.publicKey },
    signal: controller.signal,
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  let text = '';
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  while (!text.includes('event: synced')) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) throw new Error(`the feed ended: ${text}`);
    text += decoder.decode(chunk.value, { stream: true });
  }
  const changes = [...text.matchAll(/^event: change\ndata: (.*)$/gm)].map(
    (match) => JSON.parse(match[1] ?? '') as Change,
  );
  const cursor = /^id: (.*)$/m.exec(text)?.[1] ?? '';
  return { text, changes, cursor, leave: () => controller.abort() };
}

const report = (appliedRevision: number, cursor: string, more: object = {}) =>
  api.call('POST', '/v1/reports', {
    token: api.edgeToken,
    body: { edge: 'edge-1', epoch: cursor.split(':')[0], appliedRevision, closedHosts: [], ...more },
  });

describe('private keys', () => {
  test('reach the edge sealed to its own key alone; the master key opens nothing of it', async () => {
    await api.call('PUT', 'secrets/site', { body: { secret: { type: 'tls', ...tls } } });
    const feed = await readFeed();
    feed.leave();
    const change = feed.changes.find(({ kind }) => kind === 'certificate');
    const body = change?.body as { sealedKey: string };
    expect(openAtEdge(edge.privateKeyPem, body.sealedKey, `edge-certificate:${change?.id}`).toString()).toBe(
      tls.key,
    );
    const other = newEdgeKeyPair();
    expect(() => openAtEdge(other.privateKeyPem, body.sealedKey, `edge-certificate:${change?.id}`)).toThrow();
    expect(() => openAtEdge(edge.privateKeyPem, body.sealedKey, 'edge-certificate:another')).toThrow();
    expect(feed.text).not.toContain(api.data.masterKey.toString('base64url'));
    expect(feed.text).not.toContain('PRIVATE KEY');
    const stored = await api.data.store.changesAfter(0, 100);
    for (const { kind, body } of stored) {
      if (kind === 'certificate') expect(feed.text).not.toContain((body as { sealedKey: string }).sealedKey);
    }
  });

  test('that cannot be opened are sent as unusable, and the rest of the feed comes all the same', async () => {
    await api.call('PUT', 'secrets/site', { body: { secret: { type: 'tls', ...tls } } });
    api.data.masterKey.fill(7);
    const feed = await readFeed();
    feed.leave();
    expect(feed.changes.find(({ kind }) => kind === 'certificate')).toMatchObject({ formatVersion: -1 });
    expect(feed.text).not.toContain('m1.');
  });
});

describe('who may read', () => {
  test('a token is tied to the first key it is used with', async () => {
    (await readFeed()).leave();
    const again = await readFeed();
    again.leave();
    const { status, json } = await api.call('GET', '/v1/feed?edge=edge-2', {
      token: api.edgeToken,
      headers: { 'postern-edge-key': newEdgeKeyPair().publicKey },
    });
    expect([status, json.code]).toEqual([403, 'forbidden']);
  });

  test('a missing, short, padded or weak key is refused and does not tie the token', async () => {
    const weak = Buffer.alloc(32).toString('base64url');
    for (const key of ['', 'AAAA', `${edge.publicKey}=`, weak]) {
      const { status } = await api.call('GET', '/v1/feed?edge=edge-1', {
        token: api.edgeToken,
        headers: key === '' ? {} : { 'postern-edge-key': key },
      });
      expect([key, status]).toEqual([key, 422]);
    }
    (await readFeed()).leave();
  });

  test('bad names and cursors are refused, and HEAD makes no connected edge', async () => {
    const headers = { 'postern-edge-key': edge.publicKey };
    for (const query of ['', '?edge=', '?edge=a%20b', '?edge=e&after=nonsense', '?edge=e&extra=1']) {
      const { status } = await api.call('GET', `/v1/feed${query}`, { token: api.edgeToken, headers });
      expect([query, status]).toEqual([query, 422]);
    }
    expect((await api.call('HEAD', '/v1/feed?edge=e', { token: api.edgeToken, headers })).status).toBe(405);
    expect((await api.call('GET', '/v1/applied?revision=0')).json.edges).toEqual([]);
  });
});

describe('a reader', () => {
  test('starts with a full copy and resumes after its cursor', async () => {
    const first = await readFeed();
    first.leave();
    expect(first.text).toContain('event: resync');
    await api.call('POST', 'routes', { body: { name: 'r', spec: specOf('r.localhost') } });
    const second = await readFeed({ after: first.cursor });
    second.leave();
    expect(second.text).not.toContain('event: resync');
    expect(second.changes.map(({ kind, id }) => [kind, id])).toEqual([['host', 'r.localhost']]);
  });
});

describe('edges that break', () => {
  /** Asks for the feed and reads nothing of it. */
  function standStill(name: string): Socket {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(
      `GET /v1/feed?edge=${name} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${api.edgeToken}\r\n` +
        `Postern-Edge-Key: ${edge.publicKey}\r\n\r\n`,
    );
    return socket;
  }
  const connected = async (): Promise<string[]> =>
    (await api.call('GET', '/v1/applied?revision=0')).json.edges
      .map((each: { edge: string }) => each.edge)
      .sort();

  test('a killed one counts as gone at once; one that reads nothing delays no call and not the end', async () => {
    const rules = Array.from({ length: 160 }, (_, n) => ({
      prefix: `/${n}/${'x'.repeat(1500)}`,
      route: { service: 'echo' },
    }));
    for (let n = 0; n < 30; n += 1) {
      await api.call('POST', 'routes', {
        body: { name: `r${n}`, spec: { host: `h${n}.localhost`, routes: rules } },
      });
    }
    const killed = [standStill('killed-1'), standStill('killed-2')];
    const stuck = standStill('stuck');
    await vi.waitFor(
      async () => expect(await connected()).toEqual(['killed-1', 'killed-2', 'stuck']),
      30_000,
    );
    killed[0]?.destroy();
    killed[1]?.resetAndDestroy();
    await vi.waitFor(async () => expect(await connected()).toEqual(['stuck']), 30_000);
    const startedAt = performance.now();
    expect(
      (await api.call('POST', 'routes', { body: { name: 'r', spec: specOf('r.localhost') } })).status,
    ).toBe(201);
    const feed = await readFeed({ name: 'healthy' });
    expect(feed.changes).toHaveLength(31);
    feed.leave();
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    await api[Symbol.asyncDispose]();
    stuck.destroy();
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    api = await startTestApi();
  });
});

describe('applied', () => {
  const applied = async (query: string) => (await api.call('GET', `/v1/applied?${query}`)).json;

  test('without an edge it is not complete, and says so', async () => {
    expect(await applied('revision=0')).toEqual({ complete: false, reason: 'no_edge', edges: [] });
  });

  test('it waits for the report of every connected edge, and forgets edges that left', async () => {
    const feed = await readFeed();
    const created = await api.call('POST', 'routes', { body: { name: 'r', spec: specOf('r.localhost') } });
    const revision = Number(created.headers.get('postern-revision'));
    expect(await applied(`revision=${revision}&waitMs=50`)).toMatchObject({
      complete: false,
      reason: 'waiting',
    });
    const waiting = applied(`revision=${revision}&waitMs=20000`);
    await sleep(50);
    const startedAt = performance.now();
    expect(await report(revision, feed.cursor)).toMatchObject({ status: 200, json: { targetsUpTo: 0 } });
    expect(await waiting).toMatchObject({
      complete: true,
      reason: 'applied',
      edges: [{ edge: 'edge-1', appliedRevision: revision }],
    });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    feed.leave();
    await vi.waitFor(async () => expect((await applied('revision=0')).reason).toBe('no_edge'), 30_000);
  });

  test('a job that is done counts from the revision at which it was done', async () => {
    const feed = await readFeed();
    const [epoch, revision] = feed.cursor.split(':');
    await report(Number(revision), `${epoch}`);
    expect(await applied('job=unknown&waitMs=100')).toMatchObject({ complete: true });
    feed.leave();
  });

  test('a revision of another history counts as nothing', async () => {
    const feed = await readFeed();
    await report(1_000_000, 'another-epoch:1');
    expect((await applied('revision=1')).edges).toMatchObject([{ appliedRevision: 0 }]);
    feed.leave();
  });

  test('the status of a route follows what edges report', async () => {
    await api.call('PUT', 'secrets/site', { body: { secret: { type: 'tls', ...tls } } });
    const spec = specOf('a.localhost', 'echo', { tls: { serverCertificate: { name: 'site' } } });
    const created = await api.call('POST', 'routes', { body: { name: 'r', spec } });
    const { revision } = created.json.status;
    const statusNow = async () => (await api.call('GET', 'routes/r')).json.status;
    expect(created.json.status.reason).toBe('NoEdge');
    const feed = await readFeed();
    expect((await statusNow()).reason).toBe('NotApplied');
    const closedHosts = [{ host: 'a.localhost', reason: 'format', message: 'unknown format 9' }];
    await report(revision, feed.cursor, { closedHosts });
    expect(await statusNow()).toMatchObject({
      ready: false,
      reason: 'Closed',
      message: expect.stringContaining('unknown format 9'),
    });
    await report(revision, feed.cursor);
    expect(await statusNow()).toMatchObject({
      ready: true,
      reason: 'Ready',
      url: 'https://a.localhost:8443',
    });
    feed.leave();
  });

  test('the status of a service, and of a route to it, follows what edges report of its targets', async () => {
    await api.call('PUT', 'secrets/site', { body: { secret: { type: 'tls', ...tls } } });
    const healthCheck = { http: { path: '/healthz' } };
    const targets = ['http://127.0.0.1:3000', { url: 'http://127.0.0.1:3001', weight: 2 }];
    await api.call('POST', 'services', { body: { name: 'cart', spec: { targets, healthCheck } } });
    const targetsNow = async () => (await api.call('GET', 'services/cart')).json.status.targets;
    const statesNow = async () => (await targetsNow()).map(({ state }: { state: string }) => state);
    expect(await targetsNow()).toMatchObject([
      { url: 'http://127.0.0.1:3000', weight: 1, state: 'not_checked', edges: 0, healthy: 0 },
      { url: 'http://127.0.0.1:3001', weight: 2, state: 'not_checked', edges: 0, healthy: 0 },
    ]);
    const tlsOf = { tls: { serverCertificate: { name: 'site' } } };
    const spec = specOf('cart.localhost', 'cart', tlsOf);
    const { revision } = (await api.call('POST', 'routes', { body: { name: 'cart', spec } })).json.status;
    const feed = await readFeed();
    expect(await statesNow()).toEqual(['unknown', 'unknown']);
    const lastError = { code: 'check_failed', message: 'answered 503, expected 2xx', at: 1_000 };
    const seen = (port: number, state: string) => ({
      id: `id-${port}`,
      service: 'default/cart',
      target: `http://127.0.0.1:${port}`,
      state,
      since: 2_000,
      lastError: state === 'unhealthy' ? lastError : null,
    });
    const tell = (after: number, upTo: number, changed: object[]) =>
      report(revision, feed.cursor, { targets: { run: 'r', after, upTo, changed } });
    const told = await tell(0, 2, [seen(3000, 'healthy'), seen(3001, 'unhealthy')]);
    expect(told.json).toEqual({ targetsUpTo: 2 });
    expect(await statesNow()).toEqual(['healthy', 'unhealthy']);
    expect((await targetsNow())[1]).toMatchObject({
      edges: 1,
      healthy: 0,
      since: '1970-01-01T00:00:02.000Z',
      lastError: { ...lastError, edge: 'edge-1', at: '1970-01-01T00:00:01.000Z' },
    });
    const routeNow = async () => (await api.call('GET', 'routes/cart')).json.status;
    expect((await routeNow()).message).not.toContain('cart');
    await tell(2, 3, [seen(3000, 'unhealthy')]);
    expect(await routeNow()).toMatchObject({
      ready: true,
      message: expect.stringContaining('no target is healthy of service "cart"'),
    });
    feed.leave();
    await vi.waitFor(async () => expect(await statesNow()).toEqual(['unknown', 'unknown']), 30_000);
  });
});

test('stopping ends open feeds and long polls at once', async () => {
  const feed = await readFeed();
  const poll = api.call('GET', '/v1/applied?revision=999&waitMs=60000');
  await sleep(50);
  const startedAt = performance.now();
  await api[Symbol.asyncDispose]();
  expect((await poll).json.complete).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(20_000);
  feed.leave();
  api = await startTestApi();
});
