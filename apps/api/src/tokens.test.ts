import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createClient } from '@postern/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
let clockMs = 0;
beforeAll(async () => {
  api = await startTestApi({ now: () => Date.now() + clockMs });
});
afterAll(async () => api?.[Symbol.asyncDispose]());

async function make(name: string, more: object = {}): Promise<string> {
  const { status, json } = await api.call('POST', '/v1/tokens', { body: { name, scope: 'admin', ...more } });
  expect(status).toBe(201);
  return json.value;
}

const statusWith = async (token: string, path = 'routes') => (await api.call('GET', path, { token })).status;

describe('the value of a token', () => {
  test('is in the answer that makes it and nowhere else: no list, no log, no database', async () => {
    const value = await make('shown-once');
    expect(value).toMatch(/^postern_[A-Za-z0-9_-]{43}$/);
    expect(await statusWith(value)).toBe(200);
    const list = await api.call('GET', '/v1/tokens');
    const one = await api.call('GET', '/v1/tokens/shown-once');
    expect(list.json).toMatchObject({ next: null });
    expect(list.json.items).toContainEqual(one.json);
    const database = ['postern.db', 'postern.db-wal'].map((file) =>
      readFileSync(`${api.directory}/data/${file}`, 'latin1'),
    );
    for (const text of [list.text, one.text, api.readLog(), ...database]) expect(text).not.toContain(value);
  });

  test('works for its scope alone', async () => {
    const edge = await make('second-edge', { scope: 'edge' });
    for (const [method, path] of [
      ['GET', '/v1/tokens'],
      ['POST', '/v1/tokens'],
      ['DELETE', '/v1/tokens/admin'],
    ] as const) {
      const { status } = await api.call(method, path, {
        token: edge,
        body: method === 'POST' ? {} : undefined,
      });
      expect(status).toBe(403);
    }
  });
});

test('the list says which tokens there are, which is the caller, and when each was used', async () => {
  await make('never-used');
  const { json } = await api.call('GET', '/v1/tokens');
  const of = (name: string) => json.items.find((item: { name: string }) => item.name === name);
  expect(of('admin')).toMatchObject({ scope: 'admin', current: true, expiresAt: null });
  expect(Math.abs(Date.parse(of('admin').lastUsedAt) - Date.now())).toBeLessThan(600_000);
  expect(of('never-used')).toMatchObject({ current: false, lastUsedAt: null });
  expect(of('edge')).toMatchObject({ scope: 'edge', current: false });
});

test('a name in use, an unknown scope and a useless life are refused', async () => {
  await make('twice');
  const twice = await api.call('POST', '/v1/tokens', { body: { name: 'twice', scope: 'admin' } });
  expect([twice.status, twice.json.code]).toEqual([409, 'already_exists']);
  for (const more of [
    { scope: 'root' },
    { expiresInSeconds: 1 },
    { expiresInSeconds: 1e12 },
    { name: 'A b' },
  ]) {
    const { status } = await api.call('POST', '/v1/tokens', {
      body: { name: 'bad', scope: 'admin', ...more },
    });
    expect([more, status]).toEqual([more, 422]);
  }
  expect((await api.call('GET', '/v1/tokens/bad')).status).toBe(404);
});

test('a revoked token is refused from the next call on, and its name is free again', async () => {
  const value = await make('leaver');
  expect(await statusWith(value)).toBe(200);
  expect((await api.call('DELETE', '/v1/tokens/leaver')).status).toBe(204);
  const refused = await api.call('GET', 'routes', { token: value });
  expect([refused.status, refused.json.detail]).toEqual([401, 'the token is unknown or revoked']);
  expect((await api.call('DELETE', '/v1/tokens/leaver')).status).toBe(404);
  expect(await make('leaver')).not.toBe(value);
  expect(await statusWith(value)).toBe(401);
});

test('an expired token is refused, and told so', async () => {
  const value = await make('brief', { expiresInSeconds: 3600 });
  expect(await statusWith(value)).toBe(200);
  clockMs += 3_601_000;
  const refused = await api.call('GET', 'routes', { token: value });
  clockMs = 0;
  expect([refused.status, refused.json.detail]).toEqual([401, 'the token has expired']);
});

test('the last admin token is revoked only with force', async () => {
  await using alone = await startTestApi();
  const refused = await alone.call('DELETE', '/v1/tokens/admin');
  expect([refused.status, refused.json.code]).toEqual([409, 'last_admin_token']);
  expect((await alone.call('DELETE', '/v1/tokens/admin?force=yes')).status).toBe(422);
  expect((await alone.call('GET', 'routes')).status).toBe(200);
  expect((await alone.call('DELETE', '/v1/tokens/admin?force=true')).status).toBe(204);
  expect((await alone.call('GET', 'routes')).status).toBe(401);
});

describe('what a token has open', () => {
  async function readFeed(token: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const headers = {
      authorization: `Bearer ${token}`,
      'postern-edge-key': randomBytes(32).toString('base64url'),
    };
    const response = await fetch(`${api.url}/v1/feed?edge=e`, { headers });
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    if (reader === undefined) throw new Error('a feed has a body');
    await reader.read();
    return reader;
  }

  async function msUntilEnd(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<number> {
    const begun = performance.now();
    while (!(await reader.read()).done);
    return performance.now() - begun;
  }

  test('ends at its revocation, and what others have open goes on', async () => {
    const mine = await readFeed(await make('gone-edge', { scope: 'edge' }));
    const others = await readFeed(await make('kept-edge', { scope: 'edge' }));
    await api.call('DELETE', '/v1/tokens/gone-edge');
    // The heartbeat is 10 s: an end that waited for it would show.
    expect(await msUntilEnd(mine)).toBeLessThan(8000);
    const silent = await Promise.race([
      others.read().then(({ done }) => done),
      new Promise((resolve) => setTimeout(() => resolve('open'), 300)),
    ]);
    expect(silent).not.toBe(true);
    await others.cancel();
  });

  test('ends when it expires', async () => {
    const value = await make('brief-edge', { scope: 'edge', expiresInSeconds: 60 });
    clockMs += 57_000;
    const reader = await readFeed(value);
    const endMs = await msUntilEnd(reader);
    clockMs = 0;
    expect(endMs).toBeLessThan(8000);
  });

  test('ends also where the call was let in just before the revocation', async () => {
    const value = await make('racing', { scope: 'edge' });
    const opening = readFeed(value).then(msUntilEnd, () => 0);
    await api.call('DELETE', '/v1/tokens/racing');
    expect(await opening).toBeLessThan(8000);
  });
});

test('a dry run makes and revokes nothing, shows no value, and refuses what would be refused', async () => {
  const value = await make('kept');
  const client = createClient({ url: api.url, token: value, timeoutMs: 10_000 });
  const before = await client.tokens.list();
  const tried = await client.tokens.create({ name: 'tried', scope: 'admin' }, { dryRun: true });
  expect(tried).toMatchObject({ name: 'tried', scope: 'admin', value: '' });
  await client.tokens.revoke('kept', { dryRun: true });
  expect(await client.tokens.list()).toEqual(before);
  expect(api.readLog()).not.toMatch(
    /"token":"(tried|kept)"[^\n]*a token is revoked|"tried"[^\n]*a token is made/,
  );
  const status = async (...call: [string, string, object?]) =>
    (await api.call(call[0], call[1], { body: call[2] })).status;
  expect(await status('POST', '/v1/tokens?dryRun=true', { name: 'kept', scope: 'admin' })).toBe(409);
  expect(await status('DELETE', '/v1/tokens/tried?dryRun=true')).toBe(404);
  await using alone = await startTestApi();
  expect((await alone.call('DELETE', '/v1/tokens/admin?dryRun=true')).json.code).toBe('last_admin_token');
});

test('the SDK makes, lists and revokes tokens', async () => {
  const client = createClient({ url: api.url, token: api.adminToken, timeoutMs: 10_000 });
  const made = await client.tokens.create({ name: 'sdk', scope: 'admin', expiresInSeconds: 3600 });
  expect(await statusWith(made.value)).toBe(200);
  expect((await client.tokens.list()).map(({ name }) => name)).toContain('sdk');
  expect(await client.tokens.get('sdk')).toMatchObject({ id: made.id, expiresAt: made.expiresAt });
  await client.tokens.revoke('sdk');
  expect(await statusWith(made.value)).toBe(401);
  await expect(client.tokens.revoke('sdk')).rejects.toMatchObject({ code: 'not_found' });
});
