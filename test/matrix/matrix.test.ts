import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Files, makeClientCertificates, OpensslFiles } from '../pki/openssl-files.ts';
import { type Platform, startPlatform } from '../platform/platform.ts';
import { RecordingUpstreams } from './recording-upstreams.ts';
import { type Attempt, attempt } from './s-client.ts';

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
const ATTEMPTS_AT_ONCE = 6;

interface Cell {
  readonly name: string;
  readonly host: HostKind;
  readonly certificate: string;
  readonly tls: '1.2' | '1.3';
  readonly protocol: 'h2' | 'http/1.1';
  readonly resumedFrom: HostKind | null;
  readonly authority: HostKind;
}

/** One upstream for each host, under its kind. */
const upstreams = new RecordingUpstreams();
let platform: Platform;
let certificates: Record<string, Files | null>;
let rightForB: Files;

async function configure(args: readonly string[]): Promise<void> {
  const { code, stderr } = await platform.postern(args);
  expect(code, `postern ${args.join(' ')}: ${stderr}`).toBe(0);
}

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
  rightForB = files.signed(caB, 'client.acme.org', ['extendedKeyUsage=clientAuth']);
  certificates['right for B'] = rightForB;
  await configure(['secret', 'create', 'tls-ca', 'ca-a', '--cert', caA.cert]);
  await configure(['secret', 'create', 'tls-ca', 'ca-b', '--cert', caB.cert]);
  for (const [kind, flags] of [
    ['open', []],
    ['CA A', ['--client-ca-secret', 'ca-a']],
    ['CA B', ['--client-ca-secret', 'ca-b']],
    ['observed', ['--client-ca-secret', 'ca-a', '--client-ca-mode', 'observe']],
    ['rotating', ['--client-ca-secret', 'ca-a']],
  ] as const) {
    const name = HOSTS[kind].split('.')[0] ?? '';
    await configure([
      'service',
      'create',
      name,
      '--target',
      `http://127.0.0.1:${await upstreams.start(kind)}`,
    ]);
    await configure(['route', 'create', name, '--hostname', HOSTS[kind], '--path', `/=${name}`, ...flags]);
  }
  await configure(['route', 'rotate-ca', 'start', 'rotating', '--next', 'ca-b']);
});

afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  upstreams.close();
});

function makeCells(): Cell[] {
  const cells: Cell[] = [];
  for (const host of HOST_KINDS)
    for (const certificate of Object.keys(certificates))
      for (const tls of ['1.2', '1.3'] as const)
        for (const protocol of ['http/1.1', 'h2'] as const)
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

/** The best session a client can get on a host: with the certificate that the host admits. */
async function saveSessions(): Promise<void> {
  for (const kind of HOST_KINDS)
    for (const tls of ['1.2', '1.3'] as const)
      for (const protocol of ['http/1.1', 'h2'] as const) {
        const client = {
          ...{ open: null, observed: null, rotating: rightForB },
          ...{ 'CA A': certificates.right ?? null, 'CA B': rightForB },
        }[kind];
        const answer = await attempt({
          ...baseOf(kind, tls, protocol),
          client,
          path: '/session',
          sessionOut: sessionFile(kind, tls, protocol),
        });
        expect(answer.length, `a session from ${kind}`).toBeGreaterThan(0);
      }
}

function baseOf(
  kind: HostKind,
  tls: '1.2' | '1.3',
  protocol: 'h2' | 'http/1.1',
): Omit<Attempt, 'client' | 'path'> {
  return { port: platform.ports.https, serverName: HOSTS[kind], authority: HOSTS[kind], tls, protocol };
}

function sessionFile(kind: HostKind, tls: string, protocol: string): string {
  return join(platform.directory, `session-${kind}-${tls}-${protocol.replace('/', '')}`.replaceAll(' ', ''));
}

test('every cell of hosts, certificates, versions, protocols, resumption and Host gets the right verdict', {
  timeout: 900_000,
}, async () => {
  const cells = makeCells();
  expect(cells.length).toBe(5 * 9 * 2 * 2 * 6 * 2);
  await saveSessions();
  const wrong: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let cell = cells[next]; cell !== undefined; cell = cells[next]) {
      const path = `/cell-${next}`;
      next += 1;
      await attempt({
        ...baseOf(cell.host, cell.tls, cell.protocol),
        authority: HOSTS[cell.authority],
        path,
        // Every other connection comes over IPv6.
        address: next % 2 === 0 ? '127.0.0.1' : '[::1]',
        client: certificates[cell.certificate] ?? null,
        sessionIn:
          cell.resumedFrom === null ? undefined : sessionFile(cell.resumedFrom, cell.tls, cell.protocol),
      });
      const at = upstreams.reachedBy(path);
      const right = mayReach(cell) ? at.length === 1 && at[0] === cell.host : at.length === 0;
      if (!right) wrong.push(`${cell.name}: reached ${at.length === 0 ? 'nothing' : at.join(' and ')}`);
    }
  };
  await Promise.all(Array.from({ length: ATTEMPTS_AT_ONCE }, work));
  expect(wrong).toEqual([]);
});
