import { createClient, type PosternClient } from '@postern/client';
import type { RouteResource, ServiceResource, WatchEvent } from '@postern/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { specOf, startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
let client: PosternClient;
let stop: AbortController;
beforeEach(async () => {
  api = await startTestApi();
  client = createClient({ url: api.url, token: api.adminToken, timeoutMs: 10_000 });
  stop = new AbortController();
  await api.call('POST', 'services', { body: { name: 'echo', spec } });
});
afterEach(async () => {
  stop.abort();
  await api[Symbol.asyncDispose]();
});

const spec = { targets: ['http://127.0.0.1:3000'] };

/** Notes the events of a watch as `type name`, until the test ends. */
function note<T extends { name: string }>(watch: AsyncIterable<WatchEvent<T>>) {
  const seen: string[] = [];
  const resources: T[] = [];
  const done = (async () => {
    for await (const event of watch) {
      const name = event.type === 'synced' ? '' : event.type === 'deleted' ? event.name : event.resource.name;
      seen.push(`${event.type} ${name}`.trim());
      if ('resource' in event) resources.push(event.resource);
    }
  })();
  // A test that fails before it looks must not end the process.
  done.catch(() => undefined);
  return { seen, resources, done };
}

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 20 });

/** Opens a watch by hand and gives its bytes as text. */
async function open(query: string, headers: Record<string, string> = {}, signal = stop.signal) {
  const response = await fetch(`${api.url}/v1/projects/default/watch?${query}`, {
    headers: { authorization: `Bearer ${api.adminToken}`, ...headers },
    signal,
  });
  const text = { all: '' };
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text.all += decoder.decode(chunk as Uint8Array);
  })();
  reading.catch(() => undefined);
  return { response, text, reading };
}

test('a collection is told as it is, then every change of it: added, changed, deleted', async () => {
  const { seen, resources, done } = note<ServiceResource>(
    client.watch('service', 'default', undefined, { signal: stop.signal }),
  );
  await until(() => expect(seen).toEqual(['present echo', 'synced']));
  await api.call('POST', 'services', { body: { name: 'cart', spec } });
  await until(() => expect(seen.at(-1)).toBe('added cart'));
  await api.call('PUT', 'services/cart', { body: { spec, labels: { a: 'b' } } });
  await until(() => expect(seen.at(-1)).toBe('changed cart'));
  expect(resources.at(-1)).toEqual((await api.call('GET', 'services/cart')).json);
  await api.call('DELETE', 'services/cart');
  await until(() => expect(seen.at(-1)).toBe('deleted cart'));
  stop.abort();
  await done;
});

test('a watch of one route tells changes of its status, also where nobody wrote to it, and that it is deleted', async () => {
  await api.call('POST', 'routes', { body: { name: 'shop', spec: specOf('shop.localhost') } });
  const { seen, resources } = note<RouteResource>(
    client.watch('route', 'default', 'shop', { signal: stop.signal }),
  );
  await until(() => expect(seen).toEqual(['present shop', 'synced']));
  expect(resources[0]?.status.reason).toBe('CertificatePending');
  const [order] = await api.data.store.listDueOrders(Date.now(), 1);
  await api.data.store.saveIssuedCertificate({
    orderId: order?.id ?? '',
    names: order?.names ?? [],
    issuer: 'test',
    renewAt: Date.now() + 1e9,
    ariCertId: null,
    document: {
      chainPem: 'x',
      sealedKey: 'x',
      names: ['shop.localhost'],
      notBefore: '2026-01-01T00:00:00.000Z',
      notAfter: '2027-01-01T00:00:00.000Z',
      fingerprint: 'x',
    },
  });
  await until(() => expect(resources.at(-1)?.status.reason).toBe('NoEdge'));
  expect(resources.at(-1)?.version).toBe(1);
  await api.call('DELETE', 'routes/shop');
  await until(() => expect(seen.at(-1)).toBe('deleted shop'));
  await api.call('POST', 'routes', { body: { name: 'shop', spec: specOf('shop.localhost') } });
  await until(() => expect(seen.at(-1)).toBe('added shop'));
});

test('labels and names narrow a watch; what is no longer selected is told as deleted', async () => {
  const { seen } = note<ServiceResource>(
    client.watch('service', 'default', undefined, { signal: stop.signal, labels: 'team=a' }),
  );
  await until(() => expect(seen).toEqual(['synced']));
  await api.call('PUT', 'services/echo', { body: { spec, labels: { team: 'a' } } });
  await until(() => expect(seen.at(-1)).toBe('added echo'));
  await api.call('PUT', 'services/echo', { body: { spec, labels: { team: 'b' } } });
  await until(() => expect(seen.at(-1)).toBe('deleted echo'));
});

test('a watch goes on after a broken connection: what was missed is told once, what is the same not again', async () => {
  await api.call('POST', 'services', { body: { name: 'gone', spec } });
  const breaks: AbortController[] = [];
  const breaking = createClient({
    url: api.url,
    token: api.adminToken,
    timeoutMs: 10_000,
    fetch: (request) => {
      const breaker = new AbortController();
      breaks.push(breaker);
      return fetch(request, { signal: AbortSignal.any([request.signal, breaker.signal]) });
    },
  });
  const { seen } = note<ServiceResource>(
    breaking.watch('service', 'default', undefined, { signal: stop.signal }),
  );
  await until(() => expect(seen).toEqual(['present echo', 'present gone', 'synced']));
  breaks[0]?.abort();
  await api.call('DELETE', 'services/gone');
  await api.call('POST', 'services', { body: { name: 'new', spec } });
  await until(() => expect(seen.slice(3).sort()).toEqual(['added new', 'deleted gone']));
  await until(() => expect(breaks.length).toBe(2));
  breaks[1]?.abort();
  await until(() => expect(breaks.length).toBe(3));
  await api.call('PUT', 'services/new', { body: { spec } });
  await until(() => expect(seen.slice(5)).toEqual(['changed new']));
});

test('Last-Event-ID of the present state brings only `synced`; of another the whole again', async () => {
  const first = await open('kind=service');
  await until(() => expect(first.text.all).toContain('event: synced'));
  const id = /event: synced\nid: (\S+)/.exec(first.text.all)?.[1] ?? '';
  const again = await open('kind=service', { 'last-event-id': id });
  await until(() => expect(again.text.all).toContain('event: synced'));
  expect(again.text.all).not.toContain('present');
  expect(again.text.all).toContain('"resumed":true');
  await api.call('PUT', 'services/echo', { body: { spec } });
  const later = await open('kind=service', { 'last-event-id': id });
  await until(() => expect(later.text.all).toContain('event: synced'));
  expect(later.text.all).toContain('event: present');
});

test('a stopping API ends every watch, and so does a revoked token', async () => {
  const other = (await api.call('POST', '/v1/tokens', { body: { name: 'ci', scope: 'admin' } })).json.value;
  const revoked = await open('kind=route', { authorization: `Bearer ${other}` });
  const own = await open('kind=route');
  await until(() => expect(own.text.all + revoked.text.all).toMatch(/synced[\s\S]*synced/));
  await api.call('DELETE', '/v1/tokens/ci');
  await revoked.reading;
  await api[Symbol.asyncDispose]();
  await own.reading;
  api = await startTestApi();
});

test('one token opens a bounded number of watches, and a place is free again when one ends', async () => {
  const ends = new AbortController();
  for (let n = 0; n < 64; n += 1)
    expect((await open('kind=route', {}, ends.signal)).response.status).toBe(200);
  const refused = await api.call('GET', 'watch?kind=route');
  expect([refused.status, refused.json.code, refused.headers.get('retry-after')]).toEqual([
    503,
    'unavailable',
    '10',
  ]);
  ends.abort();
  await until(async () => {
    const last = new AbortController();
    const { response } = await open('kind=route', {}, last.signal);
    last.abort();
    expect(response.status).toBe(200);
  });
});

test('what cannot be watched is refused as any call is', async () => {
  for (const [query, status, code] of [
    ['', 422, 'validation_failed'],
    ['kind=token', 422, 'validation_failed'],
    ['kind=route&name=none', 404, 'not_found'],
    ['kind=route&labelSelector=%3D', 422, 'validation_failed'],
    ['kind=route&limit=1', 422, 'validation_failed'],
    // Filters that were passed over would show what was not asked for.
    ['kind=service&name=echo&labelSelector=a', 422, 'validation_failed'],
    ['kind=service&name=echo&namePrefix=x', 422, 'validation_failed'],
  ] as const) {
    const answer = await api.call('GET', `watch?${query}`);
    expect([query, answer.status, answer.json.code]).toEqual([query, status, code]);
  }
  expect((await api.call('HEAD', 'watch?kind=route')).status).toBe(405);
  expect((await api.call('GET', 'watch?kind=route', { token: null })).status).toBe(401);
  await expect(note(client.watch('route', 'default', 'none')).done).rejects.toMatchObject({
    code: 'not_found',
  });
  // A resource may be named as the path of the watch is.
  expect((await api.call('POST', 'services', { body: { name: 'watch', spec } })).status).toBe(201);
  expect((await api.call('GET', 'services/watch')).json.name).toBe('watch');
});
