import { createConnection } from 'node:net';
import { LIMITS } from '@postern/contracts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { shapeOf, specOf, startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.call('POST', 'services', {
    body: { name: 'echo', spec: { targets: ['http://127.0.0.1:3000'] } },
  });
});
afterAll(async () => api?.[Symbol.asyncDispose]());

const service = { name: 'cart', spec: { targets: ['http://127.0.0.1:3000'] } };

/** Sends bytes as they are and gives what comes back. */
async function sendRaw(text: string): Promise<string> {
  const { port } = new URL(api.url);
  return new Promise((done, fail) => {
    const socket = createConnection(Number(port), '127.0.0.1', () => socket.end(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', fail);
    socket.on('close', () => done(answer));
  });
}

describe('who may call', () => {
  test.each([
    ['no token', null, {}],
    ['an unknown token', `postern_${'A'.repeat(43)}`, {}],
    ['another scheme', null, { authorization: 'Basic YTpi' }],
    ['a huge token', 'x'.repeat(5000), {}],
  ])('%s is 401 with a challenge, also where nothing is', async (_, token, headers) => {
    for (const path of ['secrets', '/v1/ca', '/v1/feed?edge=e', '/v1/nothing', '/v1/projects/none/secrets']) {
      const { status, json, headers: answered } = await api.call('GET', path, { token, headers });
      expect([status, json.code]).toEqual([401, 'unauthorized']);
      expect(answered.get('www-authenticate')).toContain('Bearer');
    }
  });

  test('an edge token may not use what is for admins, and the reverse', async () => {
    for (const [method, path] of [
      ['GET', 'secrets'],
      ['PUT', 'secrets/x'],
      ['GET', 'routes'],
      ['DELETE', 'services/echo'],
      ['GET', '/v1/ca'],
      ['GET', '/v1/applied?revision=1'],
    ] as const) {
      const { status, json } = await api.call(method, path, {
        token: api.edgeToken,
        body: method === 'PUT' ? {} : undefined,
      });
      expect([path, status, json.code]).toEqual([path, 403, 'forbidden']);
    }
    expect((await api.call('GET', '/v1/feed?edge=e')).status).toBe(403);
    expect((await api.call('POST', '/v1/reports', { body: {} })).status).toBe(403);
  });
});

describe('what is not there', () => {
  test('unknown projects, resources and paths are 404 problems', async () => {
    for (const path of [
      '/v1/projects/none/routes',
      'routes/none',
      'secrets/none',
      'services/none',
      '/v1/nothing',
      '/x',
    ]) {
      const { status, json } = await api.call('GET', path);
      expect([path, status, json.code]).toEqual([path, 404, 'not_found']);
    }
    expect((await api.call('DELETE', 'routes/none')).status).toBe(404);
    expect((await api.call('PUT', 'services/none', { body: { spec: service.spec } })).status).toBe(404);
    const missing = await api.call('PUT', '/v1/projects/none/secrets/x', {
      body: { secret: { type: 'generic', data: { a: '' } } },
    });
    expect(missing.json.detail).toBe('there is no project "none"');
  });

  test('a known path with another method is 405 and names the methods', async () => {
    const { status, json, headers } = await api.call('POST', 'routes/my-route', { body: {} });
    expect([status, json.code]).toEqual([405, 'method_not_allowed']);
    expect(headers.get('allow')).toBe('GET, HEAD, PUT, DELETE');
    expect((await api.call('DELETE', '/livez', { token: null })).status).toBe(405);
  });

  test('a missing authority is 404 that says who makes it', async () => {
    expect((await api.call('GET', '/v1/ca')).json.detail).toContain('certificate worker');
  });
});

describe('bodies', () => {
  const post = (rawBody: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    api.call('POST', 'services', { rawBody, headers });

  test('only uncompressed application/json is read', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=latin1',
      'application/jsonx',
    ]) {
      expect((await post(JSON.stringify(service), { 'content-type': type })).json.code).toBe(
        'unsupported_media_type',
      );
    }
    expect((await post('{}', { 'content-encoding': 'gzip' })).status).toBe(415);
    const utf8 = await post(JSON.stringify({ ...service, name: 'typed' }), {
      'content-type': 'application/json; charset=utf-8',
    });
    expect(utf8.status).toBe(201);
  });

  test('a body over the limit is 413, told beforehand or not', async () => {
    const big = new Uint8Array(LIMITS.apiBodyBytesMax + 1).fill(0x20);
    expect((await post(big)).json.code).toBe('payload_too_large');
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        if (sent > 8 * LIMITS.apiBodyBytesMax) controller.close();
        else controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const answer = await api.call('POST', 'services', { rawBody: endless }).catch(() => null);
    // A client that is still sending may see the connection end in place of the answer; never a success.
    if (answer !== null) expect(answer.status).toBe(413);
    expect((await api.call('GET', '/readyz')).status).toBe(200);
  });

  test.each([
    ['a key twice', '{"name":"cart","name":"cart2","spec":{}}', 'twice'],
    ['a prototype key', '{"name":"cart","spec":{"__proto__":{"targets":[]}}}', '__proto__'],
    ['nesting of 20,000', `${'['.repeat(20_000)}`, 'nested deeper'],
    ['half a document', '{"name":', 'ends too early'],
    ['nothing', '', 'a JSON body is needed'],
  ])('%s is 400 malformed_body', async (_, text, detail) => {
    const { status, json } = await post(text);
    expect([status, json.code]).toEqual([400, 'malformed_body']);
    expect(json.detail).toContain(detail);
    expect(Object.hasOwn(Object.prototype, 'targets')).toBe(false);
  });

  test('bytes that are not UTF-8 are refused', async () => {
    expect((await post(Uint8Array.from([0x22, 0xff, 0x22]))).json.detail).toContain('UTF-8');
  });

  test('all findings come at once, with pointers and the nearest spelling', async () => {
    const { status, json } = await api.call('POST', 'routes', {
      body: {
        name: 'Bad_Name',
        spec: {
          hosst: 'a.example.org',
          tls: { clientValidationCA: { name: 'ca' } },
          routes: [
            { prefix: 'no-slash', route: { service: 'echo' } },
            { prefix: '/', route: { servce: 'echo' } },
          ],
        },
      },
    });
    expect(status).toBe(422);
    const { code, pointers } = shapeOf(json);
    expect(code).toBe('validation_failed');
    expect(pointers.sort()).toEqual([
      '/name',
      '/spec/hosst',
      '/spec/routes/0/prefix',
      '/spec/routes/1/route/servce',
      '/spec/routes/1/route/service',
      '/spec/tls/clientValidationCA',
    ]);
    const hints = json.findings.map((finding: { hint?: string }) => finding.hint);
    expect(hints).toContain('did you mean "host"?');
    expect(hints).toContain('did you mean "clientValidationCa"?');
  });

  test('bad names in the path and bad queries are 422 that say where', async () => {
    const named = await api.call('PUT', 'secrets/Bad_Name', { body: {} });
    expect([named.status, named.json.findings[0].message]).toEqual([
      422,
      expect.stringContaining('in the path, name'),
    ]);
    for (const query of [
      '',
      '?revision=x',
      '?revision=1&waitMs=60001',
      '?revision=1&revision=2',
      '?revision=1&wait=1',
    ]) {
      const { status, json } = await api.call('GET', `/v1/applied${query}`);
      expect([query, status, json.code]).toEqual([query, 422, 'validation_failed']);
    }
  });
});

describe('conflicts', () => {
  test('a taken name, a taken host, an old version and a used service are 409, each with its code', async () => {
    await api.call('POST', 'services', { body: { ...service, name: 'used' } });
    await api.call('POST', 'routes', { body: { name: 'first', spec: specOf('first.localhost', 'used') } });
    const other = { targets: ['http://127.0.0.1:3001'] };
    const codes = [
      await api.call('POST', 'services', { body: { name: 'used', spec: other } }),
      await api.call('POST', 'routes', { body: { name: 'second', spec: specOf('first.localhost', 'used') } }),
      await api.call('PUT', 'services/used', {
        body: { spec: service.spec },
        headers: { 'if-match': '"7"' },
      }),
      await api.call('DELETE', 'services/used', { headers: { 'if-match': '"7"' } }),
      await api.call('DELETE', 'services/used'),
    ].map(({ status, json }) => [status, json.code]);
    expect(codes).toEqual([
      [409, 'already_exists'],
      [409, 'hostname_taken'],
      [409, 'version_conflict'],
      [409, 'version_conflict'],
      [409, 'in_use'],
    ]);
  });

  test('an If-Match that is not one version is refused, not ignored', async () => {
    for (const tag of ['7', '*', 'W/"1"', '"1", "2"', '""']) {
      const { status } = await api.call('DELETE', 'services/echo', { headers: { 'if-match': tag } });
      expect([tag, status]).toEqual([tag, 422]);
    }
  });
});

describe('every answer', () => {
  test('carries a request id: the sane one of the caller, else a new one, and problems repeat it', async () => {
    const own = await api.call('GET', 'routes/none', { headers: { 'x-request-id': 'my-id_1.2' } });
    expect([own.headers.get('x-request-id'), own.json.requestId]).toEqual(['my-id_1.2', 'my-id_1.2']);
    expect(api.readLog()).toContain('"requestId":"my-id_1.2"');
    const evil = await api.call('GET', '/livez', { headers: { 'x-request-id': 'a b"c' } });
    expect(evil.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is a problem also for what is not HTTP or has a senseless Host', async () => {
    for (const text of [
      'nonsense\r\n\r\n',
      'GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n',
      'GET /\\x HTTP/1.1\r\nHost: a\r\n\r\n',
    ]) {
      const answer = await sendRaw(text);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('application/problem+json');
      expect(answer.toLowerCase()).toContain('x-request-id: ');
    }
  });

  test('is not worth an error in the log when the caller went in the middle of a body', async () => {
    const { port } = new URL(api.url);
    const socket = createConnection(Number(port), '127.0.0.1');
    const id = 'gone-in-the-middle';
    socket.write(
      `POST /v1/projects/default/services HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${api.adminToken}\r\nX-Request-Id: ${id}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n{"a":',
    );
    // Its head has been read by then.
    socket.once('data', () => socket.destroy());
    const lines = () =>
      api
        .readLog()
        .split('\n')
        .filter((line) => line.includes(id));
    await vi.waitFor(() => expect(lines().join('\n')).toContain('"status":400'), 30_000);
    expect(lines().join('\n')).not.toContain('"level":"error"');
  });

  test('says nothing of the inside when something breaks', async () => {
    const { store } = api.data;
    const { listRoutes } = store;
    Object.assign(store, {
      listRoutes: () => Promise.reject(new Error('SQLITE_CORRUPT: /secret/path')),
    });
    const { status, json, text, headers } = await api.call('GET', 'routes');
    Object.assign(store, { listRoutes });
    expect([status, json.code]).toEqual([500, 'internal']);
    expect(text).not.toMatch(/SQLITE|secret|at /);
    const lines = api
      .readLog()
      .split('\n')
      .filter((line) => line.includes(headers.get('x-request-id') ?? '?'));
    expect(lines.join('\n')).toContain('SQLITE_CORRUPT');
  });
});
