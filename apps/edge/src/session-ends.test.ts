import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TICKET_KEYS } from '@postern/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';
import { ticketKeysFor } from './testing/feed-documents.ts';
import { type CertificateFiles, OpensslCertificates, pemOf } from './testing/openssl-certificates.ts';
import { sClient } from './testing/openssl-client.ts';

const HOST = 'a.example';
const DAY_MS = 86_400_000;

let edge: EdgeFixture;
let openssl: OpensslCertificates;
let ca: CertificateFiles;
let client: CertificateFiles;
let session: string;
/** Milliseconds that the edge's clock is ahead; OpenSSL goes by the real one. */
let aheadMs: number;
const now = (): number => Date.now() + aheadMs;

beforeEach(async () => {
  aheadMs = 0;
  edge = await startEdgeFixture({ now });
  openssl = new OpensslCertificates(edge.directory);
  ca = openssl.selfSigned('A');
  client = openssl.signed(ca, 'client');
  session = join(edge.directory, 'session');
  await edge.putHost(HOST, { anchors: [ca.cert] });
});
afterEach(() => edge.close());

const show = ({ cert, key }: CertificateFiles, ...chain: CertificateFiles[]): string[] => {
  if (chain.length === 0) return ['-cert', cert, '-key', key];
  const file = join(edge.directory, 'chain.pem');
  writeFileSync(file, chain.map((files) => pemOf(files.cert)).join(''));
  return ['-cert', cert, '-key', key, '-cert_chain', file];
};

/** A session of an admitted client, in `session`. */
async function begin(version: string, ...args: string[]): Promise<void> {
  rmSync(session, { force: true });
  const shown = args.length === 0 ? show(client) : args;
  expect(await sClient(edge, HOST, [version, '-sess_out', session, ...shown])).toContain(`"sni":"${HOST}"`);
  expect(existsSync(session)).toBe(true);
}

/** Offers the session: `reused` and `new` were answered, `refused` was not. */
async function offer(version: string, args: string[] = [], port = edge.port): Promise<string> {
  const output = await sClient({ port }, HOST, [version, '-sess_in', session, ...args]);
  if (!output.includes('"sni"')) return 'refused';
  return /\nReused, /.test(output) ? 'reused' : 'new';
}

describe.each([
  ['1.2', '-tls1_2'],
  ['1.3', '-tls1_3'],
] as const)('TLS %s', (_, version) => {
  test('with the CA a session ends at once; with the CA back it may go on', async () => {
    await begin(version);
    await edge.putHost(HOST, { anchors: [openssl.selfSigned('B').cert] });
    expect(await offer(version)).toBe('refused');
    await edge.putHost(HOST, { anchors: [ca.cert] });
    expect(await offer(version)).toBe('reused');
  });

  test('a change of the matchers ends sessions; the client makes a full handshake and is judged by them', async () => {
    await begin(version);
    await edge.putHost(HOST, { anchors: [ca.cert], subjectMatches: [{ exact: 'client' }] });
    expect(await offer(version)).toBe('refused');
    expect(await offer(version, show(client))).toBe('new');
  });

  test('a host that begins to demand certificates resumes nothing of before', async () => {
    await edge.putHost(HOST);
    rmSync(session, { force: true });
    await sClient(edge, HOST, [version, '-sess_out', session]);
    expect(await offer(version)).toBe('reused');
    await edge.putHost(HOST, { anchors: [ca.cert] });
    expect(await offer(version)).toBe('refused');
  });

  test('when the certificate ends, its sessions do', async () => {
    const madeAt = now();
    edge.put('ticket-keys', TICKET_KEYS.id, ticketKeysFor(edge.edgeKey, [madeAt]));
    const [key] = ticketKeysFor(edge.edgeKey, [madeAt]).keys;
    await begin(version);
    // Only the certificate ends: the key is given a longer life than it ever has.
    aheadMs = 31 * DAY_MS;
    const expiresAt = new Date(now() + DAY_MS).toISOString();
    edge.put('ticket-keys', TICKET_KEYS.id, { keys: [{ ...key, expiresAt }] });
    expect(await offer(version)).toBe('refused');
  });

  test('a session that a refused client was given admits nobody', async () => {
    const stranger = openssl.signed(openssl.selfSigned('Stranger'), 'client');
    rmSync(session, { force: true });
    const output = await sClient(edge, HOST, [version, '-sess_out', session, ...show(stranger)]);
    expect(output).not.toContain('"sni"');
    if (existsSync(session)) expect(await offer(version)).toBe('refused');
    // It costs the client nothing: with a good certificate it is served.
    if (existsSync(session)) expect(await offer(version, show(client))).toBe('new');
  });

  test('keys are followed: the former one is accepted until its end, then no more', async () => {
    const first = now();
    edge.put('ticket-keys', TICKET_KEYS.id, ticketKeysFor(edge.edgeKey, [first]));
    await begin(version);
    aheadMs = TICKET_KEYS.rotateAfterMs;
    edge.put('ticket-keys', TICKET_KEYS.id, ticketKeysFor(edge.edgeKey, [now(), first]));
    expect(await offer(version)).toBe('reused');
    aheadMs = TICKET_KEYS.acceptForMs;
    expect(await offer(version)).toBe('refused');
    expect(await offer(version, show(client))).toBe('new');
    edge.put('ticket-keys', TICKET_KEYS.id, null);
    rmSync(session);
    await sClient(edge, HOST, [version, '-sess_out', session, ...show(client)]);
    if (existsSync(session)) expect(await offer(version, show(client))).toBe('new');
  });

  test('a resumed client is validated by the intermediates of its first handshake; where they are lost it makes a full one', async () => {
    const middle = openssl.signed(ca, 'middle', [
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,keyCertSign',
    ]);
    const below = openssl.signed(middle, 'below');
    const [hearing, deaf] = [await edge.addWorker(), await edge.addWorker({ deaf: true })];
    await begin(version, ...show(below, middle));
    expect(await offer(version)).toBe('reused');
    expect(await offer(version, [], hearing)).toBe('reused');
    expect(await offer(version, [], deaf)).toBe('refused');
    expect(await offer(version, show(below, middle), deaf)).toBe('new');
    // It has learnt them.
    expect(await offer(version, [], deaf)).toBe('reused');
  });
});

test('an edge without keys resumes nothing and serves all', async () => {
  const bare = await startEdgeFixture({ withoutTicketKeys: true });
  const file = join(edge.directory, 'none');
  await bare.putHost('open.example');
  for (const version of ['-tls1_2', '-tls1_3']) {
    rmSync(file, { force: true });
    expect(await sClient(bare, 'open.example', [version, '-sess_out', file])).toContain('"sni"');
    const offered = existsSync(file) ? ['-sess_in', file] : [];
    const again = await sClient(bare, 'open.example', [version, ...offered]);
    expect(again).toContain('"sni"');
    expect(again).not.toMatch(/\nReused, /);
  }
  expect(bare.log.filter(({ level }) => level === 'error')).toEqual([]);
  await bare.close();
});
