import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { upstreamTo } from '../testing/edge-fixture.ts';
import { curl } from '../testing/openssl-client.ts';
import { listenOn, startEcho, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { sendRaw } from './testing/raw-client.ts';
import { OK_ANSWER, type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

let fixture: HttpFixture;
const servers: (TestServer | RecordingUpstream)[] = [];
beforeAll(async () => {
  fixture = await startHttpFixture();
});
afterAll(async () => {
  await fixture.close();
  for (const server of servers) await server.close();
});

async function raw(onConnection: (socket: Socket) => void): Promise<number> {
  const server: NetServer = createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  const listening = await listenOn(server);
  servers.push(listening);
  return listening.port;
}

const answering = (bytes: string): Promise<number> =>
  raw((socket) => void socket.once('data', () => socket.end(bytes)));

/** Ports on which nobody listens: one that was free a moment ago another test may have been given. */
const CLOSED = 1;
const CLOSED_TOO = 2;

async function problemOf(host: string, args: string[] = []): Promise<Record<string, unknown>> {
  const { stdout } = await curl(fixture.edge, host, { args: ['-i', ...args] });
  return { ...(JSON.parse(/\{.*\}/s.exec(stdout)?.[0] ?? '{}') as object), head: stdout };
}

describe.each(['--http1.1', '--http2'])('%s: problems say that it was the upstream', (version) => {
  const name = version.replace(/[^a-z0-9]/g, '');
  test.each([
    ['refused', 502, 'upstream_refused', (): number => CLOSED, {}],
    [
      'broken',
      502,
      'upstream_invalid',
      () => raw((socket) => socket.once('data', () => socket.destroy())),
      {},
    ],
    [
      'garbage',
      502,
      'upstream_invalid',
      () => raw((socket) => socket.once('data', () => socket.end('hello\r\n\r\n'))),
      {},
    ],
    ['silent', 504, 'upstream_timeout', () => raw(() => undefined), { responseHeadMs: 200 }],
    [
      'switching',
      502,
      'upstream_invalid',
      () =>
        raw((socket) =>
          socket.once('data', () =>
            socket.write('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
          ),
        ),
      {},
    ],
    ['status99', 502, 'upstream_invalid', () => answering('HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'), {}],
    [
      'status999',
      502,
      'upstream_invalid',
      () => answering('HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n'),
      {},
    ],
    [
      'twolengths',
      502,
      'upstream_invalid',
      () => answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
      {},
    ],
  ] as const)('%s: %i %s', async (kind, status, code, start, upstream) => {
    const host = `${kind}-${name}.example.org`;
    await fixture.putHost(host, await start(), { upstream });
    const problem = await problemOf(host, [version]);
    expect(problem).toMatchObject({ status, code });
    expect(String(problem.head)).toMatch(/upstream/i);
  });
});

test.each(['--http1.1', '--http2'])('fields that an upstream repeats are passed on (%s)', async (version) => {
  const port = await answering(
    'HTTP/1.1 200 OK\r\nX-Content-Type-Options: nosniff\r\nX-Content-Type-Options: nosniff\r\nContent-Length: 2\r\n\r\nok',
  );
  await fixture.putHost('repeats.example.org', port);
  const { stdout } = await curl(fixture.edge, 'repeats.example.org', { args: ['-i', version] });
  expect(stdout.match(/x-content-type-options: nosniff/gi)).toHaveLength(2);
});

test.each(['--http1.1', '--http2'])('an HTTP/1.0 answer without length is whole (%s)', async (version) => {
  await fixture.putHost('old.example.org', await answering('HTTP/1.0 200 OK\r\n\r\nhello'));
  const { code, stdout } = await curl(fixture.edge, 'old.example.org', { args: [version] });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'hello' });
});

test('a target that cannot be connected to is passed over, and left alone afterwards', async () => {
  const echo = await startEcho();
  servers.push(echo);
  const { targets } = upstreamTo('http', CLOSED);
  await fixture.putHost('two.example.org', CLOSED, {
    upstream: { targets: [...targets, ...upstreamTo('http', echo.port).targets] },
  });
  for (let round = 0; round < 6; round += 1) {
    const { stdout } = await curl(fixture.edge, 'two.example.org', { args: ['-d', 'body'] });
    expect(JSON.parse(stdout)).toMatchObject({ method: 'POST', bodyBytes: 4 });
  }
});

test('when every target has failed the answer is 503 with Retry-After', async () => {
  const targets = [...upstreamTo('http', CLOSED).targets, ...upstreamTo('http', CLOSED_TOO).targets];
  await fixture.putHost('dead.example.org', 1, { upstream: { targets } });
  expect(await problemOf('dead.example.org')).toMatchObject({ code: 'upstream_refused' });
  // On a busy machine the first back-offs may be over before the next request comes; each is twice as long as the one before.
  let next = await problemOf('dead.example.org');
  for (let tries = 0; tries < 8 && next.code === 'upstream_refused'; tries += 1)
    next = await problemOf('dead.example.org');
  expect(next).toMatchObject({ status: 503, code: 'upstream_unavailable' });
  expect(String(next.head)).toMatch(/^retry-after: [1-9]\d*\r$/im);
});

test('a pooled connection that died is replaced for a GET, and not for a POST, nor where there is a body', async () => {
  let answered = 0;
  const upstream = await startRecordingUpstream((head, socket) => {
    answered += 1;
    // Every second request on a connection dies as if the server had just closed it.
    const served = Reflect.get(socket, 'served') as boolean | undefined;
    Reflect.set(socket, 'served', true);
    if (served === true && head.length > 0) {
      socket.destroy();
      return null;
    }
    return OK_ANSWER;
  });
  servers.push(upstream);
  await fixture.putHost('stale.example.org', upstream.port);
  expect((await curl(fixture.edge, 'stale.example.org')).stdout).toBe('ok');
  expect((await curl(fixture.edge, 'stale.example.org')).stdout).toBe('ok');
  expect(answered).toBe(3);
  expect((await curl(fixture.edge, 'stale.example.org')).stdout).toBe('ok');
  for (const unrepeatable of [
    ['-d', 'x'],
    ['-X', 'POST'],
    ['-X', 'PUT', '-d', 'x'],
  ]) {
    const before = answered;
    const problem = await problemOf('stale.example.org', unrepeatable);
    expect(problem, unrepeatable.join(' ')).toMatchObject({ code: 'upstream_invalid' });
    expect(answered - before).toBe(1);
    expect((await curl(fixture.edge, 'stale.example.org')).stdout).toBe('ok');
  }
});

test('a body over maxBodyBytes is answered 413, declared or not', async () => {
  const echo = await startEcho();
  servers.push(echo);
  await fixture.putHost('small.example.org', echo.port, { upstream: { maxBodyBytes: 10 } });
  for (const version of ['--http1.1', '--http2']) {
    const body = 'x'.repeat(11);
    expect(await problemOf('small.example.org', [version, '-d', body])).toMatchObject({
      code: 'content_too_large',
    });
    const chunked = ['-H', 'Transfer-Encoding: chunked', '-d', body];
    expect(await problemOf('small.example.org', [version, ...chunked])).toMatchObject({
      code: 'content_too_large',
    });
    const { stdout } = await curl(fixture.edge, 'small.example.org', {
      args: [version, '-d', 'x'.repeat(10)],
    });
    expect(JSON.parse(stdout)).toMatchObject({ bodyBytes: 10 });
  }
});

test('a request body that pauses too long is answered 408, an answer that pauses is cut, an event stream is not', async () => {
  const echo = await startEcho();
  servers.push(echo);
  await fixture.putHost('idle.example.org', echo.port, { upstream: { idleBodyMs: 200 } });
  const paused = await sendRaw(
    fixture.edge,
    'idle.example.org',
    'POST / HTTP/1.1\r\nHost: idle.example.org\r\nContent-Length: 10\r\n\r\nhalf',
    { waitMs: 2_000 },
  );
  expect(paused.text).toMatch(/^HTTP\/1\.1 408 /);
  const pausing = (type: string) =>
    raw((socket) => {
      socket.once('data', () => {
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n`,
        );
        setTimeout(() => socket.end('0\r\n\r\n'), 800);
      });
    });
  await fixture.putHost('pause.example.org', await pausing('text/plain'), { upstream: { idleBodyMs: 200 } });
  await fixture.putHost('events.example.org', await pausing('text/event-stream'), {
    upstream: { idleBodyMs: 200 },
  });
  expect((await curl(fixture.edge, 'pause.example.org')).code).not.toBe(0);
  expect(await curl(fixture.edge, 'events.example.org')).toMatchObject({ code: 0, stdout: 'hi' });
});

test('link-local, metadata, unspecified addresses and our own listeners are refused by resolved address', async () => {
  const echo = await startEcho();
  servers.push(echo);
  const target = (host: string, port = 80) => ({ targets: [{ protocol: 'http' as const, host, port }] });
  const hosts = [
    '169.254.169.254',
    '169.254.1.1',
    '0.0.0.0',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[::ffff:169.254.169.254]',
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b::169.254.169.254]',
    '[::]',
  ];
  for (const host of hosts) {
    await fixture.putHost('guard.example.org', 1, { upstream: target(host) });
    expect(await problemOf('guard.example.org'), host).toMatchObject({ code: 'upstream_forbidden' });
  }
  for (const host of ['127.0.0.1', 'localhost']) {
    await fixture.putHost('guard.example.org', 1, { upstream: target(host, echo.port) });
    fixture.ownListeners.length = 0;
    expect(await problemOf('guard.example.org'), host).toMatchObject({ method: 'GET' });
    for (const address of ['127.0.0.1', '0.0.0.0', '::']) {
      fixture.ownListeners.splice(0, 1, { address, port: echo.port });
      const problem = await problemOf('guard.example.org');
      // A name may still lead to an allowed address of another family; what listens there is not ours.
      expect(problem.code, `${host} ${address}`).toMatch(/^upstream_(forbidden|refused)$/);
    }
  }
  fixture.ownListeners.length = 0;
});
