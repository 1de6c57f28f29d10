import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DOCUMENT_FORMAT_OBSERVE, TICKET_KEYS } from '@postern/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';
import { hostDocumentOf, ticketKeysFor } from './testing/feed-documents.ts';
import { type CertificateFiles, OpensslCertificates, pemOf } from './testing/openssl-certificates.ts';
import { sClient } from './testing/openssl-client.ts';

// Sessions of hosts that only observe, and of names that share one host. The pairs of other hosts are in resumption.test.ts.
let edge: EdgeFixture;
let otherWorker: number;
let clients: { right: CertificateFiles; stranger: CertificateFiles };
let rightOne: string;
let files = 0;

beforeAll(async () => {
  edge = await startEdgeFixture();
  const openssl = new OpensslCertificates(edge.directory);
  const [a, b] = [openssl.selfSigned('A'), openssl.selfSigned('B')];
  clients = { right: openssl.signed(a, 'client'), stranger: openssl.signed(b, 'client') };
  const { fingerprint256 } = new X509Certificate(pemOf(clients.right.cert));
  rightOne = fingerprint256.replaceAll(':', '').toLowerCase();
  for (const host of ['o.example', 'p.example', 'a.example', '*.w.example']) {
    await edge.putHost(host, { anchors: [a.cert] });
  }
  await edge.putHost('b.example', { anchors: [b.cert] });
  for (const host of ['o.example', 'p.example']) setMode(host, 'observe');
  otherWorker = await edge.addWorker();
});
afterAll(() => edge.close());

function setMode(host: string, mode: 'observe' | 'enforce'): void {
  const clientCertificate = {
    mode: 'require' as const,
    trustBundle: `bundle-${host}`,
    subjectMatches: null,
    ...(mode === 'observe' ? { observe: true as const } : {}),
  };
  edge.put('host', host, hostDocumentOf(host, { clientCertificate }), DOCUMENT_FORMAT_OBSERVE);
}

const show = ({ cert, key }: CertificateFiles): string[] => ['-cert', cert, '-key', key];

/** Begins a session of a client that is let in; null where it is given none. */
async function begin(version: string, host: string, who: CertificateFiles | null): Promise<string | null> {
  files += 1;
  const file = join(edge.directory, `session-${files}`);
  const shown = who === null ? [] : show(who);
  expect(await sClient(edge, host, [version, '-sess_out', file, ...shown])).toContain(`"sni":"${host}"`);
  return existsSync(file) ? file : null;
}

/** Offers a session; `reused` and `new` came through, as that client or as nobody. */
async function offer(
  version: string,
  host: string,
  session: string | null,
  { args = [], port = edge.port }: { args?: string[]; port?: number } = {},
): Promise<string> {
  const offered = session === null ? [] : ['-sess_in', session];
  const output = await sClient({ port }, host, [version, ...offered, ...args]);
  const match = /"sni":"([^"]+)".*"fingerprint":(?:null|"([0-9a-f]+)")/.exec(output);
  if (match === null) return 'refused';
  expect(match[1]).toBe(host);
  const who = match[2] === undefined ? 'nobody' : match[2] === rightOne ? 'the client' : match[2];
  return `${/\nReused, /.test(output) ? 'reused' : 'new'}, ${who}`;
}

describe.each([
  ['1.2', '-tls1_2'],
  ['1.3', '-tls1_3'],
] as const)('TLS %s', (_, version) => {
  test('at an observed host the session of an admitted client resumes as that client, on every worker; nobody else resumes', async () => {
    const session = await begin(version, 'o.example', clients.right);
    expect(session).not.toBeNull();
    expect(await offer(version, 'o.example', session)).toBe('reused, the client');
    expect(await offer(version, 'o.example', session, { port: otherWorker })).toBe('reused, the client');
    for (const who of [clients.stranger, null]) {
      const worthless = await begin(version, 'o.example', who);
      expect(await offer(version, 'o.example', worthless)).toBe('new, nobody');
      expect(await offer(version, 'o.example', worthless, { port: otherWorker })).toBe('new, nobody');
    }
  });

  test('a session is worth nothing at another host, of the same CA or another, observed or not', async () => {
    const ofObserved = await begin(version, 'o.example', clients.right);
    const ofDemanding = await begin(version, 'a.example', clients.right);
    expect(await offer(version, 'p.example', ofObserved)).toBe('new, nobody');
    expect(await offer(version, 'a.example', ofObserved)).toBe('refused');
    expect(await offer(version, 'b.example', ofObserved)).toBe('refused');
    expect(await offer(version, 'o.example', ofDemanding)).toBe('new, nobody');
    expect(await offer(version, 'b.example', ofDemanding)).toBe('refused');
    expect(await offer(version, 'a.example', ofDemanding)).toBe('reused, the client');
  });

  test('when an observed host begins to enforce, nothing of before resumes; a client that shows its certificate is served', async () => {
    const begun = await Promise.all(
      [clients.right, clients.stranger, null].map((who) => begin(version, 'o.example', who)),
    );
    setMode('o.example', 'enforce');
    try {
      for (const session of begun) expect(await offer(version, 'o.example', session)).toBe('refused');
      const [session = null] = begun;
      const args = show(clients.right);
      expect(await offer(version, 'o.example', session, { args })).toBe('new, the client');
      const enforced = await begin(version, 'o.example', clients.right);
      setMode('o.example', 'observe');
      expect(await offer(version, 'o.example', enforced)).toBe('new, nobody');
    } finally {
      setMode('o.example', 'observe');
    }
  });

  test('keys that are replaced resume until they are gone, on observed hosts too', async () => {
    const [first, second] = [Date.now() - 2, Date.now() - 1];
    edge.put('ticket-keys', TICKET_KEYS.id, ticketKeysFor(edge.edgeKey, [first]));
    const session = await begin(version, 'o.example', clients.right);
    edge.put('ticket-keys', TICKET_KEYS.id, ticketKeysFor(edge.edgeKey, [second, first]));
    expect(await offer(version, 'o.example', session)).toBe('reused, the client');
    edge.put('ticket-keys', TICKET_KEYS.id, ticketKeysFor(edge.edgeKey, [second]));
    expect(await offer(version, 'o.example', session)).toBe('new, nobody');
  });

  test('names of one wildcard host are one trust domain: a session of one is that client at the other, under its own name', async () => {
    const session = await begin(version, 'x.w.example', clients.right);
    expect(await offer(version, 'x.w.example', session)).toBe('reused, the client');
    expect(await offer(version, 'y.w.example', session)).toBe('reused, the client');
  });
});
