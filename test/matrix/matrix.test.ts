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
  'CA A, a rule of CA B': 'mixed.localhost',
  'a rule of CA B': 'request.localhost',
} as const;
type HostKind = keyof typeof HOSTS;
const HOST_KINDS = Object.keys(HOSTS) as HostKind[];
/** Hosts with a rule for this prefix that demands CA B, and another upstream behind it. */
const RULE_HOSTS: readonly HostKind[] = ['CA A, a rule of CA B', 'a rule of CA B'];
const HOST_DEMANDS = HOST_KINDS.filter((kind) => !RULE_HOSTS.includes(kind));
const PARTNERS = '/partners';
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
  readonly prefix: '' | typeof PARTNERS;
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
    'CA A, a rule of CA B': { name: 'ca-a' },
    'a rule of CA B': undefined,
  }) as [HostKind, { name: string } | undefined][]) {
    const name = HOSTS[kind].split('.')[0] ?? '';
    const serve = async (service: string, upstream: string): Promise<void> => {
      const targets = [`http://127.0.0.1:${await upstreams.start(upstream)}`];
      await platform.client.services.create('default', { name: service, spec: { targets } });
    };
    await serve(name, kind);
    if (RULE_HOSTS.includes(kind)) await serve(`${name}-partners`, kind + PARTNERS);
    const partners = {
      ...{ prefix: PARTNERS, route: { service: `${name}-partners` } },
      clientCertificate: { ca: { name: 'ca-b' } },
    };
    const spec = {
      host: HOSTS[kind],
      ...(clientValidationCa === undefined ? {} : { tls: { clientValidationCa } }),
      routes: [...(RULE_HOSTS.includes(kind) ? [partners] : []), { prefix: '/', route: { service: name } }],
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
  const add = (cell: Omit<Cell, 'name'>): void => {
    const { host, certificate, tls, protocol, resumedFrom, authority, prefix } = cell;
    const session = resumedFrom === null ? 'fresh' : `resumed from ${resumedFrom}`;
    const name = `${host}${prefix}, ${certificate}, TLS ${tls}, ${protocol}, ${session}, Host of ${authority}`;
    cells.push({ ...cell, name });
  };
  for (const certificate of Object.keys(certificates))
    for (const tls of TLS_VERSIONS)
      for (const protocol of PROTOCOLS) {
        const way = { certificate, tls, protocol };
        // SNI is not the Host: aim at a protected neighbour, which is what an attacker would do.
        for (const host of HOST_DEMANDS)
          for (const resumedFrom of [null, ...HOST_DEMANDS])
            for (const authority of [host, host === 'CA A' ? 'CA B' : 'CA A'] as const)
              add({ ...way, host, resumedFrom, authority, prefix: '' });
        for (const host of RULE_HOSTS)
          for (const resumedFrom of [null, host, 'open', 'CA B'] as const)
            for (const prefix of ['', PARTNERS] as const)
              add({ ...way, host, resumedFrom, authority: host, prefix });
      }
  return cells;
}

function mayReach({ host, certificate, authority, resumedFrom, prefix }: Cell): boolean {
  if (authority !== host) return false;
  if (host === 'open' || host === 'observed' || (host === 'a rule of CA B' && prefix === '')) return true;
  // A session of the same host is that of the client it admitted, whatever certificate lies beside it.
  const isOwnSession = resumedFrom === host;
  const byA = isOwnSession ? sessionClients()[host] === right : ADMITTED_BY_A.has(certificate);
  const byB = isOwnSession ? sessionClients()[host] === rightForB : ADMITTED_BY_B.has(certificate);
  if (prefix === PARTNERS) return byB;
  return host === 'rotating' ? byA || byB : host === 'CA B' ? byB : byA;
}

/** With whose certificate a session is got: the best a client can get on that host. */
function sessionClients(): Readonly<Record<HostKind, Files | null>> {
  return {
    ...{ open: null, observed: right, rotating: rightForB, 'CA A': right, 'CA B': rightForB },
    ...{ 'CA A, a rule of CA B': right, 'a rule of CA B': rightForB },
  };
}

/** Sessions by host, version and protocol. */
async function getSessions(): Promise<Map<string, Buffer>> {
  const sessions = new Map<string, Buffer>();
  const kinds = HOST_KINDS.flatMap((kind) =>
    TLS_VERSIONS.flatMap((tls) => PROTOCOLS.map((protocol) => ({ kind, tls, protocol }))),
  );
  for (const { kind, tls, protocol } of kinds) {
    const client = sessionClients()[kind];
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

test('every cell of hosts, rules, certificates, versions, protocols, resumption and Host gets the right verdict', {
  timeout: 900_000,
}, async () => {
  const cells = makeCells();
  expect(cells.length).toBe(9 * 2 * 3 * (5 * 6 * 2 + 2 * 4 * 2));
  const sessions = await getSessions();
  const wrong: string[] = [];
  const resumed: Partial<Record<HostKind, number>> = {};
  let next = 0;
  const work = async (): Promise<void> => {
    for (let cell = cells[next]; cell !== undefined; cell = cells[next]) {
      const { host, tls, protocol, resumedFrom } = cell;
      const path = `${cell.prefix}/cell-${next}`;
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
      const isRight = mayReach(cell) ? at.length === 1 && at[0] === host + cell.prefix : at.length === 0;
      if (!isRight) wrong.push(`${cell.name}: reached ${at.length === 0 ? 'nothing' : at.join(' and ')}`);
      if (outcome.resumed) resumed[host] = (resumed[host] ?? 0) + 1;
      if (outcome.resumed && resumedFrom !== host)
        wrong.push(`${cell.name}: a session of another host resumed`);
    }
  };
  await Promise.all(Array.from({ length: ATTEMPTS_AT_ONCE }, work));
  expect(wrong).toEqual([]);
  // Without these the cells of resumption would be cells of fresh handshakes.
  const own = (kind: HostKind) =>
    cells.filter(({ host, resumedFrom }) => host === kind && resumedFrom === kind);
  expect(resumed).toEqual(Object.fromEntries(HOST_KINDS.map((kind) => [kind, own(kind).length])));
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
