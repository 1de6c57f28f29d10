import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { PosternError } from '@postern/contracts';
import { afterEach, expect, test } from 'vitest';
import { createClient } from './create-client.ts';
import { UnreachableError } from './unreachable-error.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server of the test's own; gives its address. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

const clientOf = (url: string, timeoutMs = 5000) => createClient({ url, token: 'postern_x', timeoutMs });

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('a problem becomes the same error as inside the API, with findings and the request id', async () => {
  const findings = [{ severity: 'error', code: 'x', message: 'wrong', pointer: '/spec/host', hint: 'y' }];
  const url = await serve((_, response) => {
    response.writeHead(422, { 'content-type': 'application/problem+json', 'retry-after': '3' });
    response.end(
      JSON.stringify({
        type: 'urn:postern:problem:validation_failed',
        title: 'The input is not valid',
        status: 422,
        code: 'validation_failed',
        detail: 'one thing',
        requestId: 'r1',
        retryable: false,
        findings,
      }),
    );
  });
  const error = await failureOf(clientOf(url).routes.list('default'));
  expect(error).toBeInstanceOf(PosternError);
  expect(error).toMatchObject({
    code: 'validation_failed',
    detail: 'one thing',
    findings,
    retryAfterSeconds: 3,
    context: { requestId: 'r1' },
  });
});

test('a code of a newer API reads as internal and keeps its detail', async () => {
  const url = await serve((_, response) => {
    response.writeHead(418, { 'content-type': 'application/problem+json' });
    response.end('{"type":"x","title":"New","status":418,"code":"brand_new","retryable":true}');
  });
  expect(await failureOf(clientOf(url).ca())).toMatchObject({ code: 'internal', detail: 'New' });
});

test('calls carry the token, the version read and the request id; names are escaped', async () => {
  const seen: string[] = [];
  const url = await serve((request, response) => {
    const { authorization, 'if-match': ifMatch, 'x-request-id': id } = request.headers;
    seen.push(`${request.method} ${request.url} ${authorization} ${ifMatch} ${id}`);
    response.writeHead(204, { 'postern-revision': '12' });
    response.end();
  });
  const client = createClient({ url: `${url}/`, token: 'postern_x', timeoutMs: 5000, requestId: 'cli-1' });
  expect(await client.routes.delete('default', 'a/b', { ifVersion: 4 })).toEqual({ revision: 12 });
  expect(seen).toEqual(['DELETE /v1/projects/default/routes/a%2Fb Bearer postern_x "4" cli-1']);
});

test.each([
  ['HTML with status 200', 200, 'text/html', '<html>'],
  ['HTML with status 502', 502, 'text/html', '<html>'],
  ['nothing', 200, 'application/json', ''],
  ['JSON of another program', 200, 'application/json', '{"method":"GET"}'],
  ['JSON that is no object', 200, 'application/json', 'null'],
])(
  '%s is not taken for an answer of Postern',
  async (_, status, type, body) => {
    const url = await serve((_request, response) => {
      response.writeHead(status, { 'content-type': type });
      response.end(body);
    });
    const client = clientOf(url);
    for (const call of [
      () => client.routes.get('default', 'r'),
      () => client.routes.list('default'),
      () => client.secrets.get('default', 's'),
      () => client.revocations.list('default'),
      () => client.tokens.list(),
      () => client.tokens.get('ci'),
      () => client.waitApplied({ timeoutMs: 1000 }),
      () => client.hostnames.list('default'),
      () => client.refusals.list('default'),
      () => client.services.create('default', { name: 's', spec: { targets: ['http://127.0.0.1:1'] } }),
    ]) {
      const error = await failureOf(call());
      expect(error).toBeInstanceOf(UnreachableError);
      expect(error).toMatchObject({ reason: 'not_postern', message: expect.stringContaining(url) });
    }
  },
  120_000,
);

test('a redirect is not followed: the token goes to the given address only', async () => {
  let reached = false;
  const other = await serve((_, response) => {
    reached = true;
    response.end('{}');
  });
  const url = await serve((_, response) => {
    response.writeHead(307, { location: other });
    response.end();
  });
  expect(await failureOf(clientOf(url).routes.list('default'))).toBeInstanceOf(UnreachableError);
  expect(reached).toBe(false);
});

test('a refused connection, a silent server and a body that stops are each told apart', async () => {
  const gone = await serve(() => {});
  await closers.pop()?.();
  expect(await failureOf(clientOf(gone).ca())).toMatchObject({ name: 'UnreachableError', reason: 'refused' });
  const silent = await serve(() => {});
  expect(await failureOf(clientOf(silent, 100).ca())).toMatchObject({ reason: 'timeout' });
  const stuck = await serve((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"items":[');
  });
  expect(await failureOf(clientOf(stuck, 100).routes.list('default'))).toMatchObject({ reason: 'timeout' });
});

test('waiting gives what holds when the time is over', async () => {
  let polls = 0;
  const url = await serve((request, response) => {
    polls += 1;
    const waitMs = Number(new URL(request.url ?? '', 'http://x').searchParams.get('waitMs'));
    setTimeout(() => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"complete":false,"reason":"waiting","edges":[]}');
    }, waitMs);
  });
  const applied = await clientOf(url).waitApplied({ revision: 3, timeoutMs: 200 });
  expect(applied).toEqual({ complete: false, reason: 'waiting', edges: [] });
  expect(polls).toBeLessThan(5);
});

test.each(['', 'localhost:8700', 'ftp://x', 'http://user:pw@x', 'not a url'])(
  'the address %j is refused',
  (url) => {
    expect(() => clientOf(url)).toThrow(expect.objectContaining({ code: 'validation_failed' }));
  },
);

test('a token with a line break is refused before it becomes a header', () => {
  expect(() => createClient({ url: 'http://x', token: 'a\nb', timeoutMs: 1 })).toThrow(
    expect.objectContaining({ code: 'unauthorized' }),
  );
});
