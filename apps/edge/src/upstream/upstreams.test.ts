import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Upstream } from '@postern/contracts';
import { afterEach, expect, test } from 'vitest';
import { listenOn, type TestServer } from '../http/testing/echo-upstream.ts';
import { upstreamTo } from '../testing/edge-fixture.ts';
import { createAddressGuard } from './address-guard.ts';
import type { UpstreamResponse } from './attempt.ts';
import type { Field } from './fields.ts';
import { requestOf } from './testing/request-of.ts';
import type { UpstreamCall } from './upstream-call.ts';
import { createUpstreams } from './upstreams.ts';

const servers: TestServer[] = [];
let clock = 0;
const upstreams = createUpstreams({
  guard: createAddressGuard({ ownListeners: () => [] }),
  getTrustBundle: () => undefined,
  getCertificate: () => undefined,
  now: () => clock,
});
afterEach(async () => {
  upstreams.close();
  for (const server of servers.splice(0)) await server.close();
});

async function listen(server: Server | ReturnType<typeof createServer>): Promise<number> {
  const started = await listenOn(server);
  servers.push(started);
  return started.port;
}

function serviceOf(ports: readonly number[], input: Partial<Upstream> & { h2c?: true } = {}): Upstream {
  const { h2c, ...upstream } = input;
  const targets = ports.flatMap((port) => upstreamTo(h2c === true ? 'h2c' : 'http', port).targets);
  return { ...upstreamTo('http', 1), targets, ...upstream };
}

interface Opened {
  readonly call: UpstreamCall;
  readonly opened: Promise<void>;
  readonly answer: Promise<UpstreamResponse>;
}

function open(upstream: Upstream, path: string, fields: readonly Field[] = []): Opened {
  const request = requestOf({ path, fields: () => fields });
  const opened = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<UpstreamResponse>();
  const call = upstreams.call('p/s', upstream, request, {
    onContinue: () => undefined,
    onInform: () => undefined,
    onOpened: opened.resolve,
    onResponse: answer.resolve,
    onFailed: answer.reject,
  });
  call.start();
  return { call, opened: opened.promise, answer: answer.promise };
}

/** The status of a request, or the code of its problem. */
async function outcomeOf(upstream: Upstream, path = '/', fields: readonly Field[] = []): Promise<unknown> {
  try {
    const answer = await open(upstream, path, fields).answer;
    answer.body.start({ data() {}, end() {}, broken() {} });
    return answer.status;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}

test('callers that give up do not close the targets for others', async () => {
  const start = () => listen(createHttp((request, response) => void (request.url === '/' && response.end())));
  const upstream = serviceOf([await start(), await start()]);
  for (let round = 0; round < 8; round += 1) {
    const { call, opened } = open(upstream, '/hangs');
    await opened;
    call.abort();
  }
  expect(await outcomeOf(upstream)).toBe(200);
});

test('a request that cannot be sent does not close the targets for others', async () => {
  const start = () => listen(createHttp((_request, response) => response.end()));
  const upstream = serviceOf([await start(), await start()]);
  expect(await outcomeOf(upstream, '/', [['X-A', 'not\nsendable']])).toBe('internal');
  expect(await outcomeOf(upstream)).toBe(200);
});

test('an answer that takes too long does not close the target for others', async () => {
  const start = () => listen(createHttp((request, response) => void (request.url === '/' && response.end())));
  const upstream = serviceOf([await start(), await start()], { responseHeadMs: 2_000 });
  const hanging = Array.from({ length: 4 }, () => outcomeOf(upstream, '/hangs'));
  expect(await Promise.all(hanging)).toEqual(hanging.map(() => 'upstream_timeout'));
  expect(await outcomeOf(upstream)).toBe(200);
});

test('a target that takes connections and never answers is left alone for 1 s, 2 s, 4 s', async () => {
  const broken = await listen(createServer((socket) => void socket.once('data', () => socket.destroy())));
  const good = await listen(createHttp((_request, response) => response.end()));
  const upstream = serviceOf([broken, good]);
  const failedAt: number[] = [];
  for (clock = 0; clock < 8_000; clock += 250) {
    const outcomes = [await outcomeOf(upstream), await outcomeOf(upstream)];
    if (outcomes.includes('upstream_invalid')) failedAt.push(clock);
  }
  expect(failedAt).toEqual([0, 1_000, 3_000, 7_000]);
});

test('fields that a client repeats are passed on to an HTTP/2 target', async () => {
  const server = createHttp2((request, response) => {
    response.statusCode = request.rawHeaders.filter((name) => name === 'user-agent').length === 2 ? 200 : 500;
    response.end();
  });
  const upstream = serviceOf([await listen(server as unknown as Server)], { h2c: true });
  const fields: Field[] = [
    ['User-Agent', 'a'],
    ['User-Agent', 'b'],
  ];
  expect(await outcomeOf(upstream, '/', fields)).toBe(200);
});

test('an HTTP/2 connection on which an answer was missed gets no further requests', async () => {
  const server = createHttp2((_request, response) => response.end());
  const behind = await listen(server as unknown as Server);
  // A path that goes dead without a word, as when a machine or a firewall state is lost.
  let dead = false;
  const relay = createServer((socket) => {
    const onward: Socket = connect(behind, '127.0.0.1');
    for (const end of [socket, onward]) end.on('error', () => undefined);
    const dies = !dead;
    socket.on('data', (chunk) => void (!(dead && dies) && onward.write(chunk)));
    onward.on('data', (chunk) => void (!(dead && dies) && socket.write(chunk)));
    socket.once('close', () => onward.destroy());
  });
  const upstream = serviceOf([await listen(relay)], { h2c: true, responseHeadMs: 2_000 });
  expect(await outcomeOf(upstream)).toBe(200);
  dead = true;
  expect(await outcomeOf(upstream)).toBe('upstream_timeout');
  expect(await outcomeOf(upstream)).toBe(200);
});

test('a failure names its target as an address is written, an IPv6 one in brackets', async () => {
  const upstream = {
    ...upstreamTo('http', 9),
    targets: [{ protocol: 'http', host: '::1', port: 9 } as const],
  };
  await expect(open(upstream, '/').answer).rejects.toMatchObject({ context: { target: 'http://[::1]:9' } });
});

test.each([
  ['reset', 'broken'],
  ['ended', 'x and its end'],
])('an answer without a length that nobody listened to before it was %s is told as %s', async (how, told) => {
  let of: Socket | undefined;
  const port = await listen(
    createServer((socket) => {
      of = socket;
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nx'));
    }),
  );
  const { body } = await open(serviceOf([port]), '/').answer;
  if (how === 'reset') of?.resetAndDestroy();
  else of?.end();
  await delay(100);
  const heard = await new Promise((resolve) => {
    let text = '';
    body.start({
      data: (chunk) => {
        text += chunk.toString();
      },
      end: () => resolve(`${text} and its end`),
      broken: () => resolve('broken'),
    });
  });
  expect(heard).toBe(told);
});

test('answers that nobody listens to yet are kept apart, and read up to a bound', async () => {
  const sockets: Socket[] = [];
  const answering = (letter: string) =>
    listen(
      createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => undefined);
        socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n\r\n${letter.repeat(10)}`));
      }),
    );
  const ports = [await answering('a'), await answering('b')] as const;
  const answers = [
    await open(serviceOf([ports[0]]), '/').answer,
    await open(serviceOf([ports[1]]), '/').answer,
  ];
  const flood = 32 * 1024 * 1024;
  sockets[0]?.write(Buffer.alloc(flood, 'a'));
  await delay(500);
  // What the kernel takes is far less.
  expect(sockets[0]?.writableLength).toBeGreaterThan(0);
  const starts = answers.map(({ body }) => {
    let text = '';
    body.start({
      data(chunk) {
        text += chunk.toString();
        if (text.length > 100) body.stop();
      },
      end() {},
      broken() {},
    });
    return text.slice(0, 10);
  });
  expect(starts).toEqual(['aaaaaaaaaa', 'bbbbbbbbbb']);
  for (const socket of sockets) socket.destroy();
});
