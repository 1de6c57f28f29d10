import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import {
  DOCUMENT_FORMAT_OBSERVE,
  DOCUMENT_FORMAT_OBSERVED_MATCHERS,
  type SubjectMatcher,
} from '@postern/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type HttpFixture, startHttpFixture } from './http/testing/http-fixture.ts';
import { type RecordingUpstream, startRecordingUpstream } from './http/testing/recording-upstream.ts';
import { hostDocumentOf, upstreamTo } from './testing/feed-documents.ts';
import { type CertificateFiles, OpensslCertificates } from './testing/openssl-certificates.ts';
import { runCommand } from './testing/openssl-client.ts';

const HOST = 'a.example';
const ENFORCED = 'b.example';

let fixture: HttpFixture;
let upstream: RecordingUpstream;
let files: string;
let ca: CertificateFiles;
let clients: Record<string, CertificateFiles | null>;

beforeAll(() => {
  files = mkdtempSync(join(tmpdir(), 'postern-observe-'));
  const openssl = new OpensslCertificates(files);
  ca = openssl.selfSigned('A');
  clients = {
    right: openssl.signed(ca, 'client.acme.org'),
    'not allowed': openssl.signed(ca, 'other.example.org'),
    expired: openssl.signed(ca, 'client.acme.org', undefined, -1),
    stranger: openssl.signed(openssl.selfSigned('B'), 'client.acme.org'),
    none: null,
  };
});
afterAll(() => rmSync(files, { recursive: true, force: true }));
beforeEach(async () => {
  fixture = await startHttpFixture();
  upstream = await startRecordingUpstream();
  const subjectMatches = [{ hasSuffix: '.acme.org' }];
  await fixture.putHost(HOST, upstream.port, { anchors: [ca.cert], subjectMatches });
  await fixture.putHost(ENFORCED, upstream.port, { anchors: [ca.cert], subjectMatches });
  setMode('observe');
});
afterEach(async () => {
  await fixture.close();
  await upstream.close();
});

function setMode(mode: 'observe' | 'enforce'): void {
  const clientCertificate = {
    mode: 'require' as const,
    trustBundle: `bundle-${HOST}`,
    subjectMatches: [{ hasSuffix: '.acme.org' }],
    ...(mode === 'observe' ? { observe: true as const } : {}),
  };
  const services = { echo: upstreamTo('http', upstream.port) };
  const document = hostDocumentOf(HOST, { clientCertificate, services });
  fixture.edge.put('host', HOST, document, DOCUMENT_FORMAT_OBSERVE);
}

function setMatchers(own: SubjectMatcher[], ofRule: SubjectMatcher[]): void {
  const clientCertificate = {
    mode: 'require' as const,
    trustBundle: `bundle-${HOST}`,
    subjectMatches: own,
  };
  const services = { echo: upstreamTo('http', upstream.port) };
  const rule = { service: 'echo', enableWebsockets: false };
  const rules = [
    { ...rule, name: null, prefix: '/' },
    { ...rule, name: 'inner', prefix: '/inner', clientCertificate: { subjectMatches: ofRule } },
  ];
  const document = hostDocumentOf(HOST, { clientCertificate, services, rules });
  fixture.edge.put('host', HOST, document, DOCUMENT_FORMAT_OBSERVED_MATCHERS);
}

type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

function open(client: CertificateFiles | null, version: TlsVersion = 'TLSv1.3', host = HOST): TLSSocket {
  const socket = connect({
    ...{ port: fixture.edge.port, host: '127.0.0.1', servername: host, rejectUnauthorized: false },
    ...{ ALPNProtocols: ['http/1.1'], minVersion: version, maxVersion: version },
    ...(client === null ? {} : { cert: readFileSync(client.cert), key: readFileSync(client.key) }),
  });
  socket.on('error', () => {});
  return socket;
}

/** The first bytes of the answer to a request for a path; empty where the connection is closed. */
async function ask(socket: TLSSocket, path: string, host = HOST): Promise<string> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nClient-Cert: forged\r\n\r\n`);
  return Promise.race([
    once(socket, 'data').then(
      ([data]) => String(data),
      () => '',
    ),
    once(socket, 'close').then(
      () => '',
      () => '',
    ),
  ]);
}

/** What the upstream got of the request for a path; undefined where it got none. */
function headOf(path: string): string | undefined {
  return upstream
    .text()
    .split('\r\n\r\n')
    .find((head) => head.startsWith(`GET ${path} `));
}

test.each<TlsVersion>(['TLSv1.2', 'TLSv1.3'])(
  '%s: an observed host lets everybody in, and names to services only who would be admitted',
  async (version) => {
    for (const [name, client] of Object.entries(clients)) {
      const path = `/${encodeURIComponent(name)}`;
      const socket = open(client, version);
      expect(await ask(socket, path), name).toMatch(/^HTTP\/1\.1 200 /);
      const head = headOf(path) ?? '';
      if (name === 'right') expect(head).toMatch(/^client-cert: :/im);
      else expect(head, name).not.toMatch(/client-cert/i);
      expect(head).not.toContain('forged');
      socket.destroy();
    }
    const observed = () =>
      fixture.edge.ledger
        .flatMap(({ refusals }) => refusals)
        .map(({ reason, observed }) => `${reason} ${observed}`);
    await vi.waitFor(
      () =>
        expect(new Set(observed())).toEqual(
          new Set([
            'subject_not_allowed true',
            'certificate_expired true',
            'certificate_untrusted true',
            'certificate_missing true',
          ]),
        ),
      { timeout: 30_000 },
    );
  },
);

test('once enforced, connections of those who would be refused end within 5 s, the others go on; and back', async () => {
  const open5 = Object.entries(clients).map(([name, client]) => [name, open(client)] as const);
  for (const [name, socket] of open5) expect(await ask(socket, '/before'), name).toMatch(/ 200 /);
  const closed = open5.map(([, socket]) =>
    Promise.race([
      once(socket, 'close').then(
        () => true,
        () => true,
      ),
      sleep(50_000, false),
    ]),
  );
  setMode('enforce');
  expect(await Promise.all(closed.slice(1))).toEqual([true, true, true, true]);
  const [, right] = open5[0] ?? [];
  expect(right && (await ask(right, '/kept'))).toMatch(/ 200 /);
  right?.destroy();
  for (const [name, client] of Object.entries(clients)) {
    const answer = await ask(open(client), '/enforced');
    expect(answer.split(' ')[1], name).toBe({ right: '200', 'not allowed': '403' }[name]);
  }
  setMode('observe');
  const late = open(null);
  expect(await ask(late, '/again')).toMatch(/ 200 /);
  late.destroy();
});

test.each(['tls1_2', 'tls1_3'])(
  '%s: a session of an observed host brings nobody into an enforced one, and no identity to itself',
  async (version) => {
    const session = join(files, `session-${version}`);
    const dial = (host: string, path: string, args: readonly string[]) =>
      runCommand(
        'openssl',
        [
          's_client',
          `-${version}`,
          '-connect',
          `127.0.0.1:${fixture.edge.port}`,
          '-servername',
          host,
          '-alpn',
          'http/1.1',
          '-ign_eof',
          ...args,
        ],
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
    const right = clients.right ?? { cert: '', key: '' };
    for (const [who, shown] of [
      ['bare', []],
      ['known', ['-cert', right.cert, '-key', right.key]],
    ] as const) {
      rmSync(session, { force: true });
      await dial(HOST, `/${who}-first`, [...shown, '-sess_out', session]);
      expect(headOf(`/${who}-first`)).toBeDefined();
      if (!existsSync(session)) continue;
      await dial(ENFORCED, `/${who}-other`, ['-sess_in', session]);
      expect(headOf(`/${who}-other`)).toBeUndefined();
      await dial(HOST, `/${who}-same`, ['-sess_in', session]);
      const head = headOf(`/${who}-same`) ?? '';
      expect(head).not.toBe('');
      if (who === 'bare') expect(head).not.toMatch(/client-cert/i);
      setMode('enforce');
      await dial(HOST, `/${who}-enforced`, ['-sess_in', session]);
      expect(headOf(`/${who}-enforced`)).toBeUndefined();
      setMode('observe');
    }
  },
);

test('observed matchers decide nothing, beside enforced ones and alone, of the host and of a rule', async () => {
  const boss = { exact: 'boss.acme.org' };
  const all = { hasSuffix: '.acme.org' };
  const observe = true;
  const statusOf = async (who: string, path: string) => {
    const answer = await ask(open(clients[who] ?? null), path);
    return answer.split(' ')[1] ?? 'closed';
  };
  setMatchers([{ ...boss, observe }], [{ ...boss, observe }]);
  expect(await statusOf('right', '/open')).toBe('200');
  // The CA is enforced: whoever it vouches for is known, and nobody else comes in.
  expect(headOf('/open')).toMatch(/^client-cert: :/im);
  for (const who of ['stranger', 'expired', 'none']) expect(await statusOf(who, '/open')).toBe('closed');
  expect(await statusOf('right', '/inner')).toBe('200');
  const wouldBeRefused = () =>
    fixture.edge.ledger
      .flatMap(({ refusals }) => refusals)
      .filter(({ observed, reason }) => observed && reason === 'subject_not_allowed')
      .map(({ rule }) => rule);
  await vi.waitFor(() => expect(new Set(wouldBeRefused())).toEqual(new Set([null, 'inner'])), {
    timeout: 30_000,
  });
  // An open connection is judged by the enforced ones alone as well.
  const kept = open(clients.right ?? null);
  expect(await ask(kept, '/kept')).toMatch(/ 200 /);
  setMatchers([all], [boss, { ...all, observe }]);
  expect(await ask(kept, '/kept')).toMatch(/ 200 /);
  expect(await ask(kept, '/inner')).toMatch(/ 403 /);
  kept.destroy();
  setMatchers([boss, { ...all, observe }], [all]);
  expect(await statusOf('right', '/inner')).toBe('403');
  expect(await statusOf('not allowed', '/')).toBe('403');
  // Open connections that these changes ended are recorded as well.
  const refused = () =>
    fixture.edge.ledger
      .flatMap(({ refusals }) => refusals)
      .filter(({ observed, reason }) => !observed && reason === 'subject_not_allowed')
      .map(({ rule, phase, observedMatch }) => `${rule} ${phase} ${observedMatch}`);
  await vi.waitFor(
    () =>
      expect(new Set(refused())).toEqual(
        new Set([
          'inner connection undefined',
          'null connection undefined',
          'inner request hasSuffix ".acme.org"',
          'null request hasSuffix ".acme.org"',
          'null request undefined',
        ]),
      ),
    { timeout: 30_000 },
  );
});
