import { type Check, check } from '../check.ts';
import { type Answer, attemptHttp2, cameThrough, describeAnswer } from './attempt-request.ts';
import { judgeForging } from './check-forging.ts';
import { checkSessions } from './check-sessions.ts';
import { type FieldLine, http2Flood, http2Request, pageOf } from './http2-frames.ts';
import type { ProbedEdge } from './open-tls.ts';

/** Nobody's (RFC 2606 section 2). */
const NOBODY = 'postern-doctor.invalid';
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
/** Milliseconds in which a server must have had enough of a flood. */
const FLOOD_MS_MAX = 5_000;

/** Requests that RFC 9113 section 8.1.1 has a server refuse, by what is wrong with them. */
const MALFORMED: Readonly<Record<string, (page: readonly FieldLine[]) => FieldLine[]>> = {
  ':path twice': (page) => [...page.slice(0, 4), [':path', '/'], ...page.slice(4)],
  ':authority twice': (page) => [...page.slice(0, 4), [':authority', NOBODY], ...page.slice(4)],
  'an unknown pseudo header': (page) => [...page.slice(0, 4), [':client-cert', 'forged'], ...page.slice(4)],
  ':status in a request': (page) => [...page.slice(0, 4), [':status', '200'], ...page.slice(4)],
  'a pseudo header after the others': (page) => [...page.slice(0, 3), ...page.slice(4), [':path', '/']],
  'a connection field': (page) => [...page, ['connection', 'x-forwarded-for']],
  'transfer-encoding': (page) => [...page, ['transfer-encoding', 'chunked']],
  'an upper-case name': (page) => [...page, ['Client-Cert', 'forged']],
};

/** Tries over HTTP/2 what the other checks try over HTTP/1.1, and what only HTTP/2 makes possible. Skipped where it is not spoken. */
export async function checkHttp2(edge: ProbedEdge, isOpen: boolean): Promise<Check[]> {
  const { host } = edge;
  const speaks = await attemptHttp2(edge, ownHandshake(edge), http2Request(pageOf(host)));
  if (speaks.outcome === 'refused' && /HTTP\/2 is not spoken|NO_APPLICATION_PROTOCOL/.test(speaks.detail)) {
    return [check('HTTP/2', 'skip', `${host} does not speak it`)];
  }
  if (!isOpen && edge.client === null) {
    const reason = 'the host asks for a certificate, and none was given';
    return [
      check('HTTP/2', 'skip', reason, 'give --cert and --key to check more'),
      ...(await checkWithoutCertificate(edge)),
      ...(await checkSessions(edge, true, 'h2')),
    ];
  }
  return [
    cameThrough(speaks)
      ? check('HTTP/2', 'pass', `${host} ${describeAnswer(speaks)}`)
      : check('HTTP/2', 'fail', `over HTTP/2 the host ${describeAnswer(speaks)}`, 'see postern explain'),
    ...(isOpen ? [] : await checkWithoutCertificate(edge)),
    await checkAuthority(edge),
    await checkUnderNeighbour(edge),
    await judgeForging('HTTP/2: forged headers', (fields) => {
      const lines = fields.map(([name, value]): FieldLine => [name.toLowerCase(), value]);
      return ask(edge, [...pageOf(host), ...lines]);
    }),
    await checkMalformed(edge),
    ...(await checkSessions(edge, !isOpen, 'h2')),
    await checkFlood(edge),
  ];
}

async function checkWithoutCertificate(edge: ProbedEdge): Promise<Check[]> {
  const name = 'HTTP/2: no certificate';
  const seen: string[] = [];
  for (const [what, handshake] of [
    ...VERSIONS.map((version) => [version, { tls: versionOf(version) }] as const),
    ['in records of 1 byte', { fragmentBytes: 1 }] as const,
  ]) {
    const bare = { serverName: edge.host, withClient: false, ...handshake };
    const answer = await attemptHttp2(edge, bare, http2Request(pageOf(edge.host)));
    if (cameThrough(answer)) {
      const detail = `a client without a certificate came through (${what})`;
      return [check(name, 'fail', detail, 'demand client certificates whatever protocol is agreed on')];
    }
    seen.push(`${what}: ${describeAnswer(answer)}`);
  }
  return [check(name, 'pass', seen.join('; '))];
}

/** Another `:authority`, and another Host beside the right one, in both versions of TLS. */
async function checkAuthority(edge: ProbedEdge): Promise<Check> {
  const name = 'HTTP/2: authority of another name';
  const wrong: Readonly<Record<string, readonly FieldLine[]>> = {
    ':authority': pageOf(NOBODY),
    Host: [...pageOf(edge.host), ['host', NOBODY]],
  };
  const seen: string[] = [];
  for (const version of VERSIONS) {
    for (const [what, fields] of Object.entries(wrong)) {
      const answer = await ask(edge, fields, versionOf(version));
      if (cameThrough(answer)) {
        return check(
          name,
          'fail',
          `${version}: a request with ${what} ${NOBODY} on a connection for ${edge.host} was ${describeAnswer(answer)}`,
          'answer 421 where :authority or Host and the name of the handshake differ',
        );
      }
      seen.push(`${version} ${what}: ${describeAnswer(answer)}`);
    }
  }
  return check(name, 'pass', seen.join('; '));
}

async function checkUnderNeighbour(edge: ProbedEdge): Promise<Check> {
  const name = 'HTTP/2: authority under a neighbour';
  const { host, neighbour } = edge;
  if (neighbour === null)
    return check(name, 'skip', 'no other host of this edge is known', 'name an open one with --neighbour');
  const handshake = { serverName: neighbour, withClient: false };
  const answer = await attemptHttp2(edge, handshake, http2Request(pageOf(host)));
  return cameThrough(answer)
    ? check(
        name,
        'fail',
        `a request for ${host} came through on a connection for ${neighbour}`,
        'answer 421: connections of one host must not be shared (coalesced) by another',
      )
    : check(name, 'pass', describeAnswer(answer));
}

async function checkMalformed(edge: ProbedEdge): Promise<Check> {
  const name = 'HTTP/2: malformed requests';
  const through: string[] = [];
  for (const [what, spoil] of Object.entries(MALFORMED)) {
    if (cameThrough(await ask(edge, spoil(pageOf(edge.host))))) through.push(what);
  }
  return through.length === 0
    ? check(name, 'pass', `refused: ${Object.keys(MALFORMED).join(', ')}`)
    : check(
        name,
        'fail',
        `came through: ${through.join(', ')}`,
        'refuse what RFC 9113 calls malformed: what is behind may read it otherwise',
      );
}

async function checkFlood(edge: ProbedEdge): Promise<Check> {
  const name = 'HTTP/2: CONTINUATION flood';
  const timeoutMs = Math.min(edge.timeoutMs, FLOOD_MS_MAX);
  const answer = await attemptHttp2(edge, ownHandshake(edge), http2Flood(pageOf(edge.host)), timeoutMs);
  const isTaken = answer.outcome === 'answered' ? answer.status < 400 : answer.isSilent === true;
  return isTaken
    ? check(
        name,
        'fail',
        'a request whose header never ends was taken in: 1,000 CONTINUATION frames',
        'bound the frames and bytes of a header, and end connections that go beyond (CVE-2024-27316)',
      )
    : check(name, 'pass', describeAnswer(answer));
}

function ask(edge: ProbedEdge, fields: readonly FieldLine[], tls = {}): Promise<Answer> {
  return attemptHttp2(edge, { ...ownHandshake(edge), tls }, http2Request(fields));
}

function ownHandshake({ host }: ProbedEdge): { serverName: string; withClient: boolean } {
  return { serverName: host, withClient: true };
}

function versionOf(version: (typeof VERSIONS)[number]) {
  return { minVersion: version, maxVersion: version };
}
