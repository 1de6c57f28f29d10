import { createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import type { Hostname } from '@postern/contracts';
import {
  AMBIGUOUS_REQUESTS,
  createDice,
  HOP_REQUESTS,
  mutate,
  REAL_REQUESTS,
  readWithLlhttp,
  type SeenMessage,
} from '@postern/http1/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Connection, ConnectionUse, type ServedHost } from '../connection.ts';
import { hostDocumentOf, upstreamTo } from '../testing/feed-documents.ts';
import { createAddressGuard } from '../upstream/address-guard.ts';
import type { Field } from '../upstream/fields.ts';
import { createUpstreams } from '../upstream/upstreams.ts';
import { createAccessLog } from './access-log.ts';
import { claimsIdentity } from './forwarding-fields.ts';
import { createHttp1Server } from './h1-server.ts';
import { createRequestHandler } from './handle-request.ts';
import { HTTP_LIMITS } from './http-limits.ts';
import { UpgradeRelays } from './relay-upgrade.ts';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';

/** Mutated inputs; `npm run test:long -- edge` sends more and others. */
const MUTATIONS = Number(process.env.POSTERN_FUZZ_EDGE_MUTATIONS ?? 10_000);
const SEED = process.env.POSTERN_FUZZ_SEED;
const seed = SEED === undefined ? 20_261_122 : SEED === 'random' ? Date.now() & 0x7fffffff : Number(SEED);
/** Inputs under way at a time. */
const AT_ONCE = 32;
/** Milliseconds without a byte after which an input is given up; one whose last message is cut short waits for ever. */
const QUIET_MS = { whole: 5_000, cut: 50 };
const HOST = 'shop.example.org' as Hostname;
const LAST = `GET /last HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
const corpus = [...REAL_REQUESTS, ...HOP_REQUESTS, ...AMBIGUOUS_REQUESTS.map(([, bytes]) => bytes)].map(
  (text) => text.replace(/^host:[ \t]*\S+/gim, `Host: ${HOST}`),
);

/** The real way of a request, but for TLS: reader, handler, upstream sockets, and a service that reads with llhttp. */
interface Way {
  /** Serves one input on a connection of its own until it is over, or waits for more. */
  send(id: number, input: string): Promise<void>;
  /** What has arrived of the input with this number. */
  arrivedOf(id: number): readonly SeenMessage[];
  /** Bytes that the service could not read. */
  readonly unreadable: readonly string[];
  close(): Promise<void>;
}

/** The number of an input is the address of its client, which nobody can forge: what arrives late is still known by it. */
const addressOf = (id: number): string => `::${id.toString(16)}`;

async function startWay(): Promise<Way> {
  const arrived = new Map<string, SeenMessage[]>();
  const unreadable: string[] = [];
  const service = createServer((request: IncomingMessage, response) => {
    const seen: SeenMessage = {
      method: request.method ?? '',
      target: request.url ?? '',
      status: 0,
      version: request.httpVersion,
      fields: pairsOf(request.rawHeaders),
      body: '',
      trailers: [],
      whole: false,
    };
    const address = seen.fields.find(([name]) => name === OURS[0])?.[1] ?? '';
    arrived.set(address, [...(arrived.get(address) ?? []), seen]);
    request.on('data', (chunk: Buffer) => {
      seen.body += chunk.toString('latin1');
    });
    request.on('error', () => undefined);
    request.on('end', () => {
      seen.trailers = pairsOf(request.rawTrailers);
      seen.whole = request.complete;
      response.end('ok');
    });
  });
  service.on('checkExpectation', (request, response) => void service.emit('request', request, response));
  service.on('upgrade', (request, socket) => {
    service.emit('request', request, { end: () => socket.destroy() });
  });
  service.on('clientError', (error: Error & { code?: string; rawPacket?: Buffer }, socket) => {
    // Not the errors of sockets, and a body that its client broke off ends early here too.
    if (error.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE') {
      unreadable.push(`${error.code}: ${error.rawPacket?.toString('latin1')}`);
    }
    socket.destroy();
  });
  const listening: TestServer = await listenOn(service);
  const served: ServedHost = {
    document: hostDocumentOf(HOST, {
      rules: [{ name: null, prefix: '/', service: 'echo', enableWebsockets: true }],
      services: { echo: upstreamTo('http', listening.port) },
    }),
    revision: 1,
    policyVersion: 'v1',
    hasRuleCas: false,
    judgeRule: () => ({ verdict: 'admit', validUntil: Number.POSITIVE_INFINITY, matchedBy: null }),
    evaluate: () => {
      throw new Error('nobody shows a certificate');
    },
    evaluateForRule: () => null,
  };
  const upstreams = createUpstreams({
    guard: createAddressGuard({ ownListeners: () => [] }),
    getTrustBundle: () => undefined,
    getCertificate: () => undefined,
    now: () => performance.now(),
  });
  const servingOf = createRequestHandler({
    hosts: { changes: 0, get: (name) => (name === HOST ? served : undefined) },
    upstreams,
    upgrades: new UpgradeRelays(),
    accessLog: createAccessLog('off'),
    identityTokens: { tokenOf: () => null },
    ledger: { refuse: () => ({ id: null, nth: 1, delayMs: 0 }), see: () => undefined },
    publicHttpsPort: 443,
    log: { error: () => undefined, warn: () => undefined },
    pace: HTTP_LIMITS,
    now: () => 0,
    onFinished: () => undefined,
  });
  const server = createHttp1Server<Connection>(servingOf, HTTP_LIMITS);
  return {
    async send(id, input) {
      const isCut = llhttpOf(input).at(-1)?.whole === false;
      const { promise: over, resolve } = Promise.withResolvers<void>();
      let answered = 0;
      const socket = new Duplex({
        read: () => undefined,
        write(chunk: Buffer, _encoding, callback) {
          answered += chunk.length;
          callback();
        },
        // Who is told goodbye goes.
        final(callback) {
          callback();
          resolve();
        },
        destroy(error, callback) {
          callback(error);
          resolve();
        },
      });
      const use = new ConnectionUse();
      const connection = {
        socket,
        sni: HOST,
        client: null,
        presented: null,
        clientAddress: addressOf(id),
        use,
      };
      server.serve(connection as unknown as Connection);
      socket.push(Buffer.from(input, 'latin1'));
      // A message that waits for more bytes, or a service that was told to wait, would wait for ever.
      let before = -1;
      const quiet = setInterval(
        () => {
          if (answered === before) resolve();
          before = answered;
        },
        isCut ? QUIET_MS.cut : QUIET_MS.whole,
      );
      await over;
      clearInterval(quiet);
      socket.destroy();
    },
    arrivedOf: (id) => arrived.get(addressOf(id)) ?? [],
    unreadable,
    async close() {
      server.close();
      await upstreams.close();
      await listening.close();
    },
  };
}

const NOTHING: SeenMessage = {
  method: '',
  target: '',
  status: 0,
  version: '1.1',
  fields: [],
  body: '',
  trailers: [],
  whole: false,
};

function pairsOf(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length >> 1 }, (_, index) => [
    raw[2 * index] ?? '',
    raw[2 * index + 1] ?? '',
  ]);
}

const OF_ONE_HOP =
  /^(connection|keep-alive|proxy-connection|proxy-authenticate|proxy-authorization|te|trailer|transfer-encoding|upgrade|http2-settings)$/i;
/** What the edge writes in every request. */
const OURS = ['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Port'] as const;

/** The message that must arrive for one that was sent, by llhttp's reading of it: told anew, with strings. */
function toArrive(sent: SeenMessage, id: number): Pick<SeenMessage, 'method' | 'target' | 'fields'> {
  const valuesOf = (wanted: string): string[] =>
    sent.fields.flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value] : []));
  const nominated = valuesOf('connection').flatMap((value) =>
    value.split(',').map((member) => member.trim().toLowerCase()),
  );
  const isCookieOfHop = nominated.includes('cookie');
  const cookies = valuesOf('cookie');
  const kept = sent.fields.filter(([name]) => {
    const lower = name.toLowerCase();
    if (OF_ONE_HOP.test(name) || lower === 'expect' || claimsIdentity(name) || name.includes('_'))
      return false;
    if (lower === 'cookie' && cookies.length > 1) return false;
    return ['host', 'content-length'].includes(lower) || !nominated.includes(lower);
  });
  const isWebsocket = valuesOf('upgrade').length > 0 && sent.version === '1.1';
  const isChunked = valuesOf('transfer-encoding').length > 0;
  const says100 = valuesOf('expect').length > 0 && sent.version === '1.1';
  const hasBody = isChunked || valuesOf('content-length').some((value) => value !== '0');
  const isEmpty = !isChunked && valuesOf('content-length').length === 0;
  const mayBeEmpty = ['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(sent.method);
  const added: Field[] = [
    [OURS[0], addressOf(id)],
    [OURS[1], 'https'],
    [OURS[2], valuesOf('host')[0] ?? ''],
    [OURS[3], '443'],
    ...(cookies.length > 1 && !isCookieOfHop ? [['Cookie', cookies.join('; ')] satisfies Field] : []),
    ...(isWebsocket
      ? [['Connection', 'Upgrade'] satisfies Field, ['Upgrade', 'websocket'] satisfies Field]
      : []),
    ...(says100 && hasBody ? [['Expect', '100-continue'] satisfies Field] : []),
    ...(isEmpty && !mayBeEmpty ? [['Content-Length', '0'] satisfies Field] : []),
    ...(isChunked ? [['Transfer-Encoding', 'chunked'] satisfies Field] : []),
  ];
  return {
    method: sent.method,
    target: sent.target.replace(/^https?:\/\/[^/?]*\/?/i, '/').replace(/^$/, '/'),
    fields: [...kept, ...added].map(([name, value]) => [name, value]),
  };
}

let way: Way;
beforeAll(async () => {
  way = await startWay();
});
afterAll(() => way.close());

function llhttpOf(input: string): SeenMessage[] {
  return readWithLlhttp(Buffer.from(input, 'latin1'), { kind: 'requests' }).messages;
}

/** Compares what arrived of an input with what llhttp makes of it. Gives how many requests went through. */
function compare(id: number, input: string): number {
  const sent = llhttpOf(input);
  const arrived = way.arrivedOf(id);
  let next = 0;
  for (const message of arrived) {
    const told = JSON.stringify({ input, message });
    // Refused requests leave gaps; what arrives is in order.
    const wanted = JSON.stringify({ method: message.method, target: message.target, fields: message.fields });
    while (next < sent.length && JSON.stringify(toArrive(sent[next] ?? NOTHING, id)) !== wanted) next += 1;
    const original = sent[next];
    if (original === undefined) throw new Error(`nobody sent it: ${told}`);
    if (!original.body.startsWith(message.body)) throw new Error(`another body: ${told}`);
    if (message.whole && (!original.whole || message.body !== original.body)) {
      throw new Error(`a body that was not whole: ${told}`);
    }
    for (const [name, value] of message.trailers) {
      const isSent = original.trailers.some((field) => field[0] === name && field[1] === value);
      if (!isSent || claimsIdentity(name)) throw new Error(`another trailer: ${told}`);
    }
    next += 1;
  }
  return arrived.length;
}

/** Sends inputs, then compares all of them; gives how many requests went through. */
async function sendAll(firstId: number, inputs: readonly string[]): Promise<number> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < inputs.length) {
      const index = next;
      next += 1;
      await way.send(firstId + index, inputs[index] ?? '');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(way.unreadable).toEqual([]);
  return inputs.reduce((sum, input, index) => sum + compare(firstId + index, input), 0);
}

test('what arrives of every message of the corpus is what llhttp says was sent', async () => {
  const passed = await sendAll(
    1,
    corpus.map((text) => text + LAST),
  );
  expect(passed).toBeGreaterThan(2 * REAL_REQUESTS.length - 4);
});

test(
  `what arrives of ${MUTATIONS} mutated inputs is what llhttp says was sent, in order, and nothing else`,
  async () => {
    const dice = createDice(seed);
    const inputs = Array.from({ length: MUTATIONS }, () => {
      const text = corpus[dice(corpus.length)] ?? '';
      return mutate(text, corpus[dice(corpus.length)] ?? '', dice) + LAST;
    });
    // Many break in their first bytes of body, and then not even the head arrives.
    expect(await sendAll(0x1_0000, inputs)).toBeGreaterThan(MUTATIONS / 20);
  },
  60_000 + 10 * MUTATIONS,
);
