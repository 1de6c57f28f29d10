import { createRequire } from 'node:module';
import { loadavg } from 'node:os';
import {
  createFieldFilter,
  fieldLines,
  RequestHead,
  ResponseHead,
  writeRequestHead,
  writeResponseHead,
} from '@postern/http1';
import { describeMachine } from './machine.ts';

// What does reading a head, and writing it anew for the next hop, cost? Run: npm run bench:http1 [-- ROUNDS]
const rounds = Number(process.argv[2] ?? 15);
const HEADS_PER_ROUND = 20_000;

interface Head {
  readonly name: string;
  readonly kind: 'request' | 'response';
  readonly bytes: Buffer;
}

const heads: readonly Head[] = [
  {
    name: 'request of an API client',
    kind: 'request',
    bytes: Buffer.from(
      'GET /v1/items/42 HTTP/1.1\r\nHost: api.example.org\r\nUser-Agent: curl/8.9.1\r\nAccept: application/json\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n',
    ),
  },
  {
    name: 'request of a browser',
    kind: 'request',
    bytes: Buffer.from(
      'GET /app/index.html?q=1 HTTP/1.1\r\nHost: shop.example.org\r\nConnection: keep-alive\r\nCache-Control: max-age=0\r\n' +
        'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: "Linux"\r\nUpgrade-Insecure-Requests: 1\r\n' +
        'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n' +
        'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n' +
        'Sec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n' +
        'Cookie: session=7f0c1a9e5b6d4f; theme=dark\r\nIf-None-Match: "33a64df5"\r\n\r\n',
    ),
  },
  {
    name: 'response of a service',
    kind: 'response',
    bytes: Buffer.from(
      'HTTP/1.1 200 OK\r\nServer: app\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 120\r\n' +
        'Cache-Control: no-cache\r\nVary: Accept-Encoding\r\nX-Request-Id: 0123456789abcdef\r\nConnection: keep-alive\r\n\r\n',
    ),
  },
];

const filter = createFieldFilter({
  names: ['server'],
  aliasedNames: ['client-cert', 'client-cert-chain', 'forwarded', 'x-real-ip', 'true-client-ip'],
  aliasedPrefixes: ['x-forwarded', 'x-ssl', 'x-client', 'ssl-client', 'x-tls-client'],
  dropUnderscored: true,
});
const lines = [
  fieldLines([
    ['X-Forwarded-For', '192.0.2.1'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Host', 'shop.example.org'],
    ['X-Forwarded-Port', '443'],
    ['Client-Cert', `:${'A'.repeat(800)}:`],
  ]),
];
const requestHead = new RequestHead();
const responseHead = new ResponseHead();
let sink = 0;

function readOne({ kind, bytes }: Head): void {
  const head = kind === 'request' ? requestHead : responseHead;
  sink += head.read(bytes, 0) + head.fields.count;
  head.clear();
}

function relayOne({ kind, bytes }: Head): void {
  if (kind === 'request') {
    requestHead.read(bytes, 0);
    sink += writeRequestHead(requestHead, { filter, hostLine: null, lines }).length;
    requestHead.clear();
  } else {
    responseHead.read(bytes, 0);
    sink += writeResponseHead(responseHead, { filter, framing: 'length', lines: [] }).length;
    responseHead.clear();
  }
}

interface NodeParser {
  [callback: number]: (...values: never[]) => unknown;
  initialize(type: number, resource: object): void;
  execute(bytes: Buffer): unknown;
}
const { HTTPParser } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: (new () => NodeParser) & Readonly<Record<string, number>>;
};
const ON_HEADERS_COMPLETE = HTTPParser.kOnHeadersComplete ?? 0;
const parsers = { request: new HTTPParser(), response: new HTTPParser() };
for (const [kind, parser] of Object.entries(parsers)) {
  parser.initialize((kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE) ?? 0, {});
  parser[ON_HEADERS_COMPLETE] = ((_major: number, _minor: number, raw: readonly string[]) => {
    sink += raw.length;
    // 1: no body follows, so that the parser is ready for the next head.
    return 1;
  }) as never;
}

/** Node's own parser up to its list of names and values, which node:http makes its objects of. */
function parseByNode({ kind, bytes }: Head): void {
  parsers[kind].execute(bytes);
}

/** Nanoseconds of CPU for one head, the least and the median of all rounds: other work on the machine only adds. */
function measure(action: (head: Head) => void, head: Head): { least: number; median: number } {
  const figures: number[] = [];
  for (let round = 0; round < rounds + 2; round += 1) {
    const before = process.cpuUsage();
    for (let left = HEADS_PER_ROUND; left > 0; left -= 1) action(head);
    const { user, system } = process.cpuUsage(before);
    // The first two are for the compiler.
    if (round >= 2) figures.push(((user + system) * 1_000) / HEADS_PER_ROUND);
  }
  figures.sort((a, b) => a - b);
  return { least: figures[0] ?? 0, median: figures[Math.floor(figures.length / 2)] ?? 0 };
}

const show = ({ least, median }: { least: number; median: number }): string =>
  `${least.toFixed(0)} (${median.toFixed(0)})`;
console.log(`${describeMachine()}; load ${(loadavg()[0] ?? 0).toFixed(1)} at the start.
${rounds} rounds of ${HEADS_PER_ROUND} heads.

| ns of CPU for one head: least (median) | bytes | read | read and written | Node's parser |
|---|---|---|---|---|`);
for (const head of heads) {
  const cells = [readOne, relayOne, parseByNode].map((action) => show(measure(action, head)));
  console.log(`| ${head.name} | ${head.bytes.length} | ${cells.join(' | ')} |`);
}
if (sink === 0) throw new Error('nothing was read');
