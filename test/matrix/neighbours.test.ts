import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Files, OpensslFiles } from '../pki/openssl-files.ts';
import { type Platform, startPlatform } from '../platform/platform.ts';
import { RecordingUpstreams } from './recording-upstreams.ts';
import { type Attempt, attempt } from './s-client.ts';

/** Routes by name: an open wildcard round a protected host, a protected one round an open host, and one with matchers. */
const ROUTES = {
  'open-wildcard': ['*.o.localhost'],
  'protected-exact': ['p.o.localhost', '--client-ca-secret', 'ca'],
  'protected-wildcard': ['*.p.localhost', '--client-ca-secret', 'ca'],
  'open-exact': ['o.p.localhost'],
  'matched-wildcard': [
    '*.m.localhost',
    '--client-ca-secret',
    'ca',
    '--client-certificate-subject',
    'right.acme.org',
  ],
} as const;

const upstreams = new RecordingUpstreams();
let platform: Platform;
let clients: { right: Files; other: Files };
let count = 0;

beforeAll(async () => {
  platform = await startPlatform();
  const directory = join(platform.directory, 'pki');
  mkdirSync(directory);
  const files = new OpensslFiles(directory);
  const ca = files.ca('CA');
  clients = { right: files.signed(ca, 'right.acme.org', []), other: files.signed(ca, 'other.acme.org', []) };
  const configure = async (...args: string[]) => {
    const { code, stderr } = await platform.postern(args);
    expect(code, `postern ${args.join(' ')}: ${stderr}`).toBe(0);
  };
  await configure('secret', 'create', 'tls-ca', 'ca', '--cert', ca.cert);
  for (const [name, [host, ...flags]] of Object.entries(ROUTES)) {
    const target = `http://127.0.0.1:${await upstreams.start(name)}`;
    await configure('service', 'create', name, '--target', target);
    await configure('route', 'create', name, '--hostname', host, '--path', `/=${name}`, ...flags);
  }
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  upstreams.close();
});

type Ways = Pick<Attempt, 'tls' | 'protocol'>;
interface Ask {
  readonly sni: string;
  /** The name in HTTP; that of TLS when it is left out. */
  readonly host?: string;
  readonly client?: Files;
  readonly sessionIn?: string;
  readonly sessionOut?: string;
}

/** The routes whose upstream the request reached. */
async function reach(ways: Ways, { sni, host, client, ...session }: Ask): Promise<string[]> {
  count += 1;
  const path = `/${count}`;
  await attempt({
    ...ways,
    ...session,
    port: platform.ports.https,
    serverName: sni,
    authority: host ?? sni,
    client: client ?? null,
    path,
  });
  return upstreams.reachedBy(path);
}

describe.each<Ways>([
  { tls: '1.2', protocol: 'http/1.1' },
  { tls: '1.2', protocol: 'h2' },
  { tls: '1.3', protocol: 'http/1.1' },
  { tls: '1.3', protocol: 'h2' },
])('TLS $tls, $protocol', (ways) => {
  test('each name is served by its own route, the exact one before the wildcard', async () => {
    const { right } = clients;
    expect(await reach(ways, { sni: 'x.o.localhost' })).toEqual(['open-wildcard']);
    expect(await reach(ways, { sni: 'x.o.localhost', host: 'y.o.localhost' })).toEqual(['open-wildcard']);
    expect(await reach(ways, { sni: 'o.p.localhost' })).toEqual(['open-exact']);
    expect(await reach(ways, { sni: 'p.o.localhost', client: right })).toEqual(['protected-exact']);
    expect(await reach(ways, { sni: 'x.p.localhost', client: right })).toEqual(['protected-wildcard']);
    expect(await reach(ways, { sni: 'x.m.localhost', host: 'y.m.localhost', client: right })).toEqual([
      'matched-wildcard',
    ]);
    expect(await reach(ways, { sni: 'P.O.localhost.', host: 'p.o.LOCALHOST.:1', client: right })).toEqual([
      'protected-exact',
    ]);
  });

  test('a protected name is reached by no spelling of SNI or Host without its certificate', async () => {
    for (const sni of ['p.o.localhost', 'P.o.localhost', 'p.o.localhost.', 'P.O.LOCALHOST.']) {
      expect(await reach(ways, { sni, host: 'p.o.localhost' }), sni).toEqual([]);
    }
    for (const sni of ['*.o.localhost', 'p.o.localhost..', 'p.o.localhost:443', 'a.p.o.localhost']) {
      expect(await reach(ways, { sni, host: 'p.o.localhost' }), sni).toEqual([]);
    }
    for (const host of [
      'p.o.localhost',
      'P.O.localhost',
      'p.o.localhost.',
      'p.o.localhost:443',
      'p。o。localhost',
    ]) {
      expect(await reach(ways, { sni: 'x.o.localhost', host }), host).toEqual([]);
    }
    expect(await reach(ways, { sni: 'x.p.localhost' })).toEqual([]);
    expect(await reach(ways, { sni: 'o.p.localhost', host: 'x.p.localhost' })).toEqual([]);
    expect(await reach(ways, { sni: 'x.m.localhost', host: 'y.m.localhost', client: clients.other })).toEqual(
      [],
    );
  });

  test('a certificate for one route opens no neighbour', async () => {
    const { right } = clients;
    expect(await reach(ways, { sni: 'p.o.localhost', host: 'x.p.localhost', client: right })).toEqual([]);
    expect(await reach(ways, { sni: 'x.p.localhost', host: 'o.p.localhost', client: right })).toEqual([]);
    expect(await reach(ways, { sni: 'x.p.localhost', host: 'x.m.localhost', client: right })).toEqual([]);
  });

  test('sessions of an open wildcard are worth nothing on a protected neighbour', async () => {
    const file = join(platform.directory, 'session');
    for (const [sni, protectedName] of [
      ['x.o.localhost', 'p.o.localhost'],
      ['o.p.localhost', 'x.p.localhost'],
    ] as const) {
      rmSync(file, { force: true });
      expect(await reach(ways, { sni, sessionOut: file })).toHaveLength(1);
      expect(existsSync(file)).toBe(true);
      expect(await reach(ways, { sni: protectedName, sessionIn: file })).toEqual([]);
    }
    // The same wildcard is one host: what its session is offered to under another of its names serves it.
    rmSync(file, { force: true });
    await reach(ways, { sni: 'x.o.localhost', sessionOut: file });
    expect(await reach(ways, { sni: 'y.o.localhost', sessionIn: file })).toEqual(['open-wildcard']);
  });
});

test('the doctor finds no way past the edge, and sees that an open host is one', async () => {
  const { https, http } = platform.ports;
  const probe = async (host: string, ...args: string[]) => {
    const where = ['--connect', `127.0.0.1:${https}`, '--http', `127.0.0.1:${http}`];
    const { code, stdout } = await platform.postern(['doctor', 'edge', host, ...where, '--json', ...args]);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string }[] };
    return { code, statuses: Object.fromEntries(checks.map(({ name, status }) => [name, status])) };
  };
  const shown = ['--cert', clients.right.cert, '--key', clients.right.key, '--neighbour', 'o.p.localhost'];
  const { code, statuses } = await probe('x.p.localhost', ...shown);
  expect(statuses).toEqual({
    certificate: 'pass',
    'no certificate': 'pass',
    'fragmented ClientHello': 'pass',
    'unknown names': 'pass',
    'Host of another name': 'pass',
    'Host under a neighbour': 'pass',
    'session without a certificate': 'pass',
    'session of another host': 'pass',
    'old versions': 'pass',
    'weak suites': 'pass',
    renegotiation: 'pass',
    'TLS 1.3': 'pass',
    // The upstream of this test echoes nothing.
    'forged headers': 'skip',
    'HTTP/2': 'pass',
    'HTTP/2: no certificate': 'pass',
    'HTTP/2: authority of another name': 'pass',
    'HTTP/2: authority under a neighbour': 'pass',
    'HTTP/2: malformed requests': 'pass',
    'HTTP/2: session without a certificate': 'pass',
    'HTTP/2: session of another host': 'pass',
    'HTTP/2: CONTINUATION flood': 'pass',
    'HTTP/2: forged headers': 'skip',
    'plain HTTP': 'pass',
  });
  expect(code).toBe(0);
  expect(await probe('o.p.localhost')).toMatchObject({ code: 0, statuses: { 'no certificate': 'warn' } });
  const other = ['--cert', clients.other.cert, '--key', clients.other.key];
  expect(await probe('a.m.localhost', ...other)).toMatchObject({
    code: 1,
    statuses: { certificate: 'fail' },
  });
});
