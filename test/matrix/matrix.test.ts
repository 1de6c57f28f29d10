import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Files, makeClientCertificates, OpensslFiles } from '../pki/openssl-files.ts';
import { type Platform, startPlatform } from '../platform/platform.ts';
import { RecordingUpstreams } from './recording-upstreams.ts';
import {
  attemptTls,
  type Offer,
  offerTls,
  PROTOCOLS,
  type Protocol,
  TLS_VERSIONS,
  type TlsVersion,
} from './tls-client.ts';

const HOSTS = {
  open: 'open.localhost',
  'CA A': 'a.localhost',
  'CA B': 'b.localhost',
  observed: 'observed.localhost',
  rotating: 'rotating.localhost',
} as const;
type HostKind = keyof typeof HOSTS;
const HOST_KINDS = Object.keys(HOSTS) as HostKind[];
/** Client certificates are made under CA A: these must be admitted where CA A is demanded. */
const ADMITTED_BY_A = new Set(['right', 'CN-only v1', 'through an intermediate']);
const ADMITTED_BY_B = new Set(['wrong CA', 'right for B']);
const ATTEMPTS_AT_ONCE = 8;

interface Cell {
  readonly name: string;
  readonly host: HostKind;
  readonly certificate: string;
  readonly tls: TlsVersion;
  readonly protocol: Protocol;
  readonly resumedFrom: HostKind | null;
  readonly authority: HostKind;
}

/** One upstream for each host, under its kind. */
const upstreams = new RecordingUpstreams();
let platform: Platform;
let certificates: Record<string, Files | null>;
let right: Files;
let rightForB: Files;

beforeAll(async () => {
  platform = await startPlatform(({ https }) => ({
    POSTERN_EDGE_HTTPS_LISTEN: `127.0.0.1:${https},[::1]:${https}`,
  }));
  const directory = join(platform.directory, 'pki');
  mkdirSync(directory);
  const files = new OpensslFiles(directory);
  const caA = files.ca('CA A');
  const caB = files.ca('CA B');
  certificates = makeClientCertificates(files, caA, caB);
  right = certificates.right ?? caA;
  rightForB = files.signed(caB, 'client.acme.org', ['extendedKeyUsage=clientAuth']);
  certificates['right for B'] = rightForB;
  for (const [name, ca] of Object.entries({ 'ca-a': caA, 'ca-b': caB })) {
    const secret = { type: 'tls-ca', cert: readFileSync(ca.cert, 'utf8') } as const;
    await platform.client.secrets.put('default', name, { secret });
  }
  for (const [kind, clientValidationCa] of Object.entries({
    open: undefined,
    'CA A': { name: 'ca-a' },
    'CA B': { name: 'ca-b' },
    observed: { name: 'ca-a', mode: 'observe' as const },
    rotating: { name: 'ca-a', next: { name: 'ca-b' } },
  }) as [HostKind, { name: string } | undefined][]) {
    const name = HOSTS[kind].split('.')[0] ?? '';
    const targets = [`http://127.0.0.1:${await upstreams.start(kind)}`];
    await platform.client.services.create('default', { name, spec: { targets } });
    const spec = {
      host: HOSTS[kind],
      ...(clientValidationCa === undefined ? {} : { tls: { clientValidationCa } }),
      routes: [{ prefix: '/', route: { service: name } }],
    };
    await platform.client.routes.create('default', { name, spec });
  }
});

afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  upstreams.close();
});

function makeCells(): Cell[] {
  const cells: Cell[] = [];
  for (const host of HOST_KINDS)
    for (const certificate of Object.keys(certificates))
      for (const tls of TLS_VERSIONS)
        for (const protocol of PROTOCOLS)
          for (const resumedFrom of [null, ...HOST_KINDS])
            for (const sameAuthority of [true, false]) {
              // SNI is not the Host: aim at a protected neighbour, which is what an attacker would do.
              const neighbour = host === 'CA A' ? 'CA B' : 'CA A';
              const authority = sameAuthority ? host : neighbour;
              const name = `${host}, ${certificate}, TLS ${tls}, ${protocol}, ${resumedFrom === null ? 'fresh' : `resumed from ${resumedFrom}`}, Host of ${authority}`;
              cells.push({ name, host, certificate, tls, protocol, resumedFrom, authority });
            }
  return cells;
}

function mayReach({ host, certificate, authority, resumedFrom }: Cell): boolean {
  if (authority !== host) return false;
  if (host === 'open' || host === 'observed') return true;
  // A session of the same host is that of the client it admitted, whatever certificate lies beside it.
  if (resumedFrom === host) return true;
  const byA = ADMITTED_BY_A.has(certificate);
  const byB = ADMITTED_BY_B.has(certificate);
  return { 'CA A': byA, 'CA B': byB, rotating: byA || byB }[host];
}

/** Sessions by host, version and protocol: the best a client can get, with the certificate that the host admits. */
async function getSessions(): Promise<Map<string, Buffer>> {
  const sessions = new Map<string, Buffer>();
  const kinds = HOST_KINDS.flatMap((kind) =>
    TLS_VERSIONS.flatMap((tls) => PROTOCOLS.map((protocol) => ({ kind, tls, protocol }))),
  );
  for (const { kind, tls, protocol } of kinds) {
    const client = { open: null, observed: right, rotating: rightForB, 'CA A': right, 'CA B': rightForB }[
      kind
    ];
    // The edge may not serve the host yet.
    const session = await vi.waitFor(
      async () => {
        const path = `/session-${kind}`;
        const made = await attemptTls({
          ...offerOf(kind, tls, protocol),
          client,
          authority: HOSTS[kind],
          path,
        });
        expect(made.answer.length, `an answer of ${kind}`).toBeGreaterThan(0);
        return made.session;
      },
      { timeout: 30_000, interval: 20 },
    );
    if (session === null) throw new Error(`no session from ${kind}`);
    sessions.set(sessionKey(kind, tls, protocol), session);
  }
  return sessions;
}

function offerOf(kind: HostKind, tls: TlsVersion, protocol: Protocol): Omit<Offer, 'client'> {
  return { port: platform.ports.https, serverName: HOSTS[kind], tls, protocol };
}

function sessionKey(kind: HostKind, tls: TlsVersion, protocol: Protocol): string {
  return `${kind}, ${tls}, ${protocol}`;
}

test('every cell of hosts, certificates, versions, protocols, resumption and Host gets the right verdict', {
  timeout: 900_000,
}, async () => {
  const cells = makeCells();
  expect(cells.length).toBe(HOST_KINDS.length * 9 * 2 * 3 * (HOST_KINDS.length + 1) * 2);
  const sessions = await getSessions();
  const wrong: string[] = [];
  const resumed: Partial<Record<HostKind, number>> = {};
  let next = 0;
  const work = async (): Promise<void> => {
    for (let cell = cells[next]; cell !== undefined; cell = cells[next]) {
      const { host, tls, protocol, resumedFrom } = cell;
      const path = `/cell-${next}`;
      next += 1;
      const outcome = await attemptTls({
        ...offerOf(host, tls, protocol),
        authority: HOSTS[cell.authority],
        path,
        // Every other connection comes over IPv6.
        address: next % 2 === 0 ? '127.0.0.1' : '::1',
        client: certificates[cell.certificate] ?? null,
        session: resumedFrom === null ? undefined : sessions.get(sessionKey(resumedFrom, tls, protocol)),
      });
      const at = upstreams.reachedBy(path);
      const isRight = mayReach(cell) ? at.length === 1 && at[0] === host : at.length === 0;
      if (!isRight) wrong.push(`${cell.name}: reached ${at.length === 0 ? 'nothing' : at.join(' and ')}`);
      if (outcome.resumed) resumed[host] = (resumed[host] ?? 0) + 1;
      if (outcome.resumed && resumedFrom !== host)
        wrong.push(`${cell.name}: a session of another host resumed`);
    }
  };
  await Promise.all(Array.from({ length: ATTEMPTS_AT_ONCE }, work));
  expect(wrong).toEqual([]);
  // Without these the cells of resumption would be cells of fresh handshakes.
  const offered = cells.length / HOST_KINDS.length / (HOST_KINDS.length + 1);
  expect(resumed).toEqual(Object.fromEntries(HOST_KINDS.map((kind) => [kind, offered])));
});

test('the client of these cells offers a session to whichever host it is told to', async () => {
  const hellos: Buffer[] = [];
  const listener = createServer((socket) =>
    socket.once('data', (bytes) => {
      hellos.push(bytes);
      socket.destroy();
    }),
  );
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  for (const [key, session] of await getSessions()) {
    const [kind, tls, protocol] = key.split(', ') as [HostKind, TlsVersion, Protocol];
    const host = kind === 'open' ? 'CA A' : 'open';
    const socket = offerTls({ ...offerOf(host, tls, protocol), port, client: null, session });
    await new Promise((done) => socket.once('close', done));
    const hello = hellos.pop() ?? Buffer.alloc(0);
    // The ticket stands in the session as it goes over the wire; 48 bytes of it are no accident.
    const offered = Array.from(session.keys()).some((at) => hello.includes(session.subarray(at, at + 48)));
    expect(offered, key).toBe(true);
  }
  listener.close();
});
