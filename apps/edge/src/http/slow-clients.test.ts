import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Connection } from '../connection.ts';
import type { EdgeFixture } from '../testing/edge-fixture.ts';
import type { ServeExchange } from './exchange.ts';
import { createHttp1Server } from './h1-server.ts';
import { HTTP_LIMITS } from './http-limits.ts';
import { listenOn, startHttp2Echo, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { get, openHttp2, openTls } from './testing/raw-client.ts';
import { END_HEADERS, END_STREAM, FRAME, headerBlock, openRawHttp2 } from './testing/raw-http2.ts';

const HOST = 'slow.example.org';
const H2C = 'slow-h2c.example.org';
const NO_RULE = 'slow-none.example.org';
/** So long that a busy machine makes nobody slow who is not. */
const PACE = { headTimeoutMs: 3_000, idleMs: 3_000, bodyGraceMs: 2_500, bodyBytesPerSecondMin: 1_000 };
let fixture: HttpFixture;
let service: TestServer;
let http2Service: TestServer;
let webSockets: WebSocketServer;
let broken = 0;

beforeAll(async () => {
  fixture = await startHttpFixture({ pace: PACE });
  const server = createServer((request, response) => {
    request.on('error', () => undefined);
    request.once('close', () => {
      if (!request.complete) broken += 1;
    });
    if (request.url === '/hang') return;
    if (request.url === '/answers-first') response.write('begun ');
    const read = (): void => {
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      request.on('end', () => response.end(String(bytes)));
    };
    if (request.url === '/reads-late') setTimeout(read, 6_000);
    else read();
  });
  server.on('checkContinue', (request, response: ServerResponse) => {
    setTimeout(() => {
      response.writeContinue();
      server.emit('request', request, response);
    }, 4_000);
  });
  webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  service = await listenOn(server);
  http2Service = await startHttp2Echo();
  await fixture.putHost(HOST, service.port, { websockets: true });
  await fixture.putHost(NO_RULE, service.port, { rules: [] });
  await fixture.putHost(H2C, http2Service.port, { protocol: 'h2c' });
});
afterAll(async () => {
  webSockets.close();
  await fixture.close();
  await service.close();
  await http2Service.close();
});

interface Post {
  readonly edge?: EdgeFixture;
  readonly path?: string;
  readonly host?: string;
  readonly fields?: readonly string[];
  /** Bytes a chunk, chunks, and milliseconds between them. */
  readonly chunk: number;
  readonly count: number;
  readonly everyMs: number;
}

/** Sends a body in pieces over HTTP/1.1 and gives all that came back until the edge closed or answered in whole. */
async function postHttp1({
  edge = fixture.edge,
  path = '/',
  host = HOST,
  fields = [],
  chunk,
  count,
  everyMs,
}: Post) {
  const socket = await openTls(edge, host);
  let text = '';
  let over = false;
  socket.on('data', (data) => {
    text += data.toString();
  });
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => {
      over = true;
      resolve();
    });
  });
  const lines = fields.map((field) => `${field}\r\n`).join('');
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${lines}Content-Length: ${chunk * count}\r\n\r\n`,
  );
  if (lines.includes('100-continue')) while (!text.includes('100 Continue') && !over) await delay(10);
  for (let sent = 0; sent < count && !over; sent += 1) {
    socket.write('x'.repeat(chunk));
    await delay(everyMs);
  }
  await Promise.race([ended, delay(60_000)]);
  socket.destroy();
  return text;
}

/** The same over HTTP/2; gives the status and the text. */
async function postHttp2({
  edge = fixture.edge,
  path = '/',
  host = HOST,
  fields = [],
  chunk,
  count,
  everyMs,
}: Post) {
  const session = openHttp2(edge, host);
  const head = get(host, path).map((value) => (value === 'GET' ? 'POST' : value));
  const stream = session.request([...head, ...fields]);
  let status = 0;
  let text = '';
  stream.on('response', (headers) => {
    status = Number(headers[':status']);
  });
  stream.on('error', () => undefined);
  stream.setEncoding('utf8').on('data', (data: string) => {
    text += data;
  });
  const closed = new Promise((resolve) => stream.once('close', resolve));
  for (let sent = 0; sent < count && !stream.closed; sent += 1) {
    stream.write('x'.repeat(chunk));
    await delay(everyMs);
  }
  if (!stream.closed) stream.end();
  await closed;
  session.destroy();
  return { status, text };
}

const DRIP = { chunk: 10, count: 200, everyMs: 50 };

describe('a request body below the minimum rate', () => {
  test('is answered 408 over HTTP/1.1, and the request at the upstream ends', async () => {
    const before = broken;
    expect(await postHttp1(DRIP)).toMatch(/^HTTP\/1\.1 408 [^{]*\{.*request_timeout.*1000 bytes per second/s);
    for (let waited = 0; waited < 20_000 && broken === before; waited += 20) await delay(20);
    expect(broken).toBe(before + 1);
  });

  test('is answered 408 over HTTP/2', async () => {
    expect(await postHttp2(DRIP)).toMatchObject({ status: 408 });
  });

  test('is not taken for gRPC because the client says so', async () => {
    const post = { ...DRIP, fields: ['content-type', 'application/grpc'] };
    expect(await postHttp2(post)).toMatchObject({ status: 408 });
    const overHttp1 = { ...DRIP, host: H2C, fields: ['Content-Type: application/grpc'] };
    expect(await postHttp1(overHttp1)).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe('is not slow', () => {
  test('a client that sends fast enough, for longer than the grace', async () => {
    expect(await postHttp1({ chunk: 200, count: 70, everyMs: 50 })).toMatch(/^HTTP\/1\.1 200 .*14000/s);
  });

  test.each(['http/1.1', 'h2'])('a client whose upstream does not read (%s)', async (protocol) => {
    // What fits into buffers on the way earns less than the 6 s for which the service does not read.
    const pace = { ...PACE, idleMs: 60_000, bodyGraceMs: 3_000, bodyBytesPerSecondMin: 8_000_000 };
    const other = await startHttpFixture({ pace });
    await other.putHost(HOST, service.port);
    const post = { edge: other.edge, path: '/reads-late', chunk: 24_000_000, count: 1, everyMs: 0 };
    if (protocol === 'h2') expect(await postHttp2(post)).toMatchObject({ status: 200, text: '24000000' });
    else expect(await postHttp1(post)).toMatch(/^HTTP\/1\.1 200 .*24000000/s);
    await other.close();
  });

  test('a client that waits for the upstream to ask for its body', async () => {
    const post = { fields: ['Expect: 100-continue'], chunk: 10, count: 1, everyMs: 0 };
    expect(await postHttp1(post)).toMatch(/100 Continue.*HTTP\/1\.1 200 /s);
  });

  test('a client whose upstream has begun to answer', async () => {
    const post = { path: '/answers-first', chunk: 10, count: 80, everyMs: 50 };
    expect(await postHttp2(post)).toMatchObject({ status: 200, text: 'begun 800' });
  });

  test('a gRPC stream', async () => {
    const post = { host: H2C, fields: ['content-type', 'application/grpc+proto'] };
    expect(await postHttp2({ ...post, chunk: 10, count: 80, everyMs: 50 })).toMatchObject({ status: 200 });
  });

  test('a WebSocket', async () => {
    const socket = new WebSocket(`wss://${HOST}:${fixture.edge.port}/`, {
      ca: readFileSync(fixture.edge.serverCa),
      lookup: (_name, options, callback) => {
        if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
        else callback(null, '127.0.0.1', 4);
      },
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    await delay(4_500);
    const echoed = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
    socket.send('late');
    expect(await echoed).toBe('late');
    socket.terminate();
  });
});

/** Milliseconds until the connection is closed; 60,000 when it is not. */
const closingMs = async (emitter: { once(event: 'close', listener: () => void): unknown }) => {
  const startedAt = performance.now();
  await Promise.race([new Promise<void>((resolve) => emitter.once('close', resolve)), delay(60_000)]);
  return performance.now() - startedAt;
};

test('a head that drips is answered 408', async () => {
  const socket = await openTls(fixture.edge, HOST);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n`);
  const dripping = setInterval(() => socket.write('X-A: b\r\n'), 100);
  expect(await closingMs(socket)).toBeLessThan(40_000);
  clearInterval(dripping);
  expect(text).toMatch(/^HTTP\/1\.1 408 /);
});

test.each(['', '\r\n', 'G'])(
  'an idle HTTP/1.1 connection is ended, after the bytes %j too',
  async (bytes) => {
    const socket = await openTls(fixture.edge, HOST);
    const answered = new Promise((resolve) => socket.once('data', resolve));
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await answered;
    socket.resume();
    if (bytes !== '') socket.write(bytes);
    expect(await closingMs(socket)).toBeLessThan(40_000);
  },
);

describe('an HTTP/2 session without a stream', () => {
  test('is ended', async () => {
    const session = openHttp2(fixture.edge, HOST);
    expect(await closingMs(session)).toBeLessThan(40_000);
  });

  test('is ended after a stream that was open for longer than the idle time, and not during it', async () => {
    const session = openHttp2(fixture.edge, HOST);
    const stream = session.request(get(HOST, '/hang')).on('error', () => undefined);
    await delay(4_000);
    expect(session.closed).toBe(false);
    stream.close(8);
    expect(await closingMs(session)).toBeLessThan(40_000);
  });

  test('is ended though it sends PINGs', async () => {
    const session = openHttp2(fixture.edge, HOST);
    const pinging = setInterval(() => void (session.destroyed || session.ping(() => undefined)), 50);
    expect(await closingMs(session)).toBeLessThan(40_000);
    clearInterval(pinging);
  });
});

describe('an answer that its client does not take', () => {
  test('ends the HTTP/2 session, though no stream of it is over', async () => {
    const noWindow = Buffer.alloc(6);
    noWindow.writeUInt16BE(4, 0);
    const client = await openRawHttp2(fixture.edge, HOST, noWindow);
    const head = get(HOST).flatMap((name, index, all) =>
      index % 2 === 0 ? [[name, all[index + 1] ?? ''] as const] : [],
    );
    client.send(FRAME.headers, END_STREAM | END_HEADERS, 1, headerBlock(head));
    expect(await client.receive(({ type }) => type === FRAME.headers, 10_000)).toBeDefined();
    expect(await closingMs(client.socket)).toBeLessThan(40_000);
    expect(client.bodyOf(1)).toBe('');
  });

  test('ends the HTTP/1.1 connection', async () => {
    const answerOnce: ServeExchange = (exchange, onDone) => {
      exchange.respond(200, [], { hasBody: true, close: false }).write(Buffer.from('unread'));
      exchange.end([]);
      onDone();
    };
    const server = createHttp1Server(() => answerOnce, { ...HTTP_LIMITS, ...PACE });
    // A peer that reads nothing, behind buffers that are full already: no write is ever done.
    const socket = new Duplex({ read: () => undefined, write: () => undefined });
    server.serve({ socket } as unknown as Connection);
    socket.push(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    expect(await closingMs(socket)).toBeLessThan(40_000);
    server.close();
  });
});

test('a small body that still drips in after its answer ends the connection', async () => {
  const socket = await openTls(fixture.edge, NO_RULE);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.write(`POST / HTTP/1.1\r\nHost: ${NO_RULE}\r\nContent-Length: 60000\r\n\r\n`);
  const dripping = setInterval(() => socket.write('x'), 100);
  expect(await closingMs(socket)).toBeLessThan(40_000);
  clearInterval(dripping);
  expect(text).toMatch(/^HTTP\/1\.1 404 /);
});
