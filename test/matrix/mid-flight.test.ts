import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PosternClient } from '@postern/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeServerCertificate } from '../flow/server-certificate.ts';
import { type Files, OpensslFiles } from '../pki/openssl-files.ts';
import { type Platform, startPlatform } from '../platform/platform.ts';
import { type KeptConnection, keepConnection } from './kept-connection.ts';
import { RecordingUpstreams } from './recording-upstreams.ts';
import { attemptTls, type Offer, offerTls, type TlsVersion } from './tls-client.ts';

type RouteSpec = Parameters<PosternClient['routes']['update']>[2]['spec'];
type Demands = Pick<RouteSpec, 'tls' | 'validation'>;

interface Scenario {
  readonly title: string;
  readonly before: Demands;
  /** Who is let in before the change. */
  readonly client: 'right' | 'stranger' | 'none';
  readonly change: (name: string) => Promise<unknown>;
  readonly after: 'admitted' | 'refused';
}

/** Tenfold the 2 s for a host to be served, and the 5 s for open connections to end. */
const NEW_MS = 20_000;
const OPEN_MS = 50_000;
const demandsCa = (name: string, more: object = {}): Demands => ({
  tls: { clientValidationCa: { name, ...more } },
});
const onlyNamed = (exact: string): Demands => ({
  ...demandsCa('ca-a'),
  validation: { clientCertificate: { subjectMatches: [{ exact }] } },
});

const becomes = (demands: Demands) => (name: string) =>
  platform.client.routes.update('default', name, { spec: specOf(name, demands) });

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  revoked: {
    title: 'the client is revoked',
    ...{ before: demandsCa('ca-a'), client: 'right', after: 'refused' },
    change: (route) => {
      const { fingerprint256 } = new X509Certificate(readFileSync(clients.right.cert));
      const client = { by: 'fingerprint', fingerprint: fingerprint256 } as const;
      return platform.client.revocations.create('default', { client, route });
    },
  },
  'other-ca': {
    title: 'the CA is replaced by another',
    ...{ before: demandsCa('ca-a'), client: 'right', after: 'refused', change: becomes(demandsCa('ca-b')) },
  },
  'rotation-ends': {
    title: 'a rotation ends, and the old CA is removed',
    ...{ before: demandsCa('ca-a', { next: { name: 'ca-b' } }), client: 'right', after: 'refused' },
    change: becomes(demandsCa('ca-b')),
  },
  'rotation-begins': {
    title: 'a rotation begins, and another CA is trusted as well',
    ...{ before: demandsCa('ca-a'), client: 'right', after: 'admitted' },
    change: becomes(demandsCa('ca-a', { next: { name: 'ca-b' } })),
  },
  matcher: {
    title: 'the matcher names another client',
    ...{ before: onlyNamed('client.acme.org'), client: 'right', after: 'refused' },
    change: becomes(onlyNamed('other.acme.org')),
  },
  enforced: {
    title: 'what was observed is enforced',
    ...{ before: demandsCa('ca-a', { mode: 'observe' }), client: 'stranger', after: 'refused' },
    change: becomes(demandsCa('ca-a')),
  },
  protected: {
    title: 'an open host demands a certificate',
    ...{ before: {}, client: 'none', after: 'refused', change: becomes(demandsCa('ca-a')) },
  },
  deleted: {
    title: 'the route is deleted',
    ...{ before: demandsCa('ca-a'), client: 'right', after: 'refused' },
    change: (route) => platform.client.routes.delete('default', route),
  },
  'new-certificate': {
    title: 'the certificate of the host is replaced',
    ...{ before: demandsCa('ca-a'), client: 'right', after: 'admitted' },
    change: becomes({
      tls: { clientValidationCa: { name: 'ca-a' }, serverCertificate: { name: 'new-certificate' } },
    }),
  },
  neighbour: {
    title: 'only others change',
    ...{ before: demandsCa('ca-a'), client: 'right', after: 'admitted', change: async () => {} },
  },
};
const WAYS = (['1.2', '1.3'] as const).flatMap((tls) =>
  (['http/1.1', 'h2'] as const).map((protocol) => ({ tls, protocol })),
);

const upstreams = new RecordingUpstreams();
let platform: Platform;
let clients: { right: Files; stranger: Files };
/** What was open, and which session was got, before the changes, by scenario and way. */
const opened = new Map<string, { kept: KeptConnection; session: Buffer }>();
let asked = 0;

function specOf(name: string, demands: Demands): RouteSpec {
  return { host: `${name}.localhost`, ...demands, routes: [{ prefix: '/', route: { service: name } }] };
}

function offerOf(name: string, way: { tls: TlsVersion; protocol: 'http/1.1' | 'h2' }): Offer {
  const who = SCENARIOS[name]?.client ?? 'none';
  const client = who === 'none' ? null : clients[who];
  return { port: platform.ports.https, serverName: `${name}.localhost`, ...way, client };
}

/** A connection of its own with one request; true when that reached the host's upstream. */
async function reaches(offer: Offer): Promise<boolean> {
  asked += 1;
  const path = `/${asked}`;
  await attemptTls({ ...offer, authority: offer.serverName, path });
  return wasReached(offer.serverName, path);
}

async function reachesOn(kept: KeptConnection, host: string): Promise<boolean> {
  asked += 1;
  const path = `/${asked}`;
  await kept.ask(path);
  return wasReached(host, path);
}

/** A request that turns up at another host's upstream is a fault whatever was expected. */
function wasReached(host: string, path: string): boolean {
  const at = upstreams.reachedBy(path);
  expect(at.filter((name) => `${name}.localhost` !== host)).toEqual([]);
  return at.length > 0;
}

async function until(wanted: boolean, look: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  for (const end = performance.now() + timeoutMs; (await look()) !== wanted; await sleep(50))
    if (performance.now() > end)
      throw new Error(`still ${wanted ? 'refused' : 'admitted'} after ${timeoutMs} ms`);
}

beforeAll(async () => {
  platform = await startPlatform();
  const directory = join(platform.directory, 'pki');
  mkdirSync(directory);
  const files = new OpensslFiles(directory);
  const [a, b] = [files.ca('A'), files.ca('B')];
  const names = ['subjectAltName=DNS:client.acme.org'];
  clients = {
    right: files.signed(a, 'client.acme.org', names),
    stranger: files.signed(b, 'client.acme.org', names),
  };
  const { secrets, services, routes } = platform.client;
  for (const [name, { cert }] of Object.entries({ 'ca-a': a, 'ca-b': b }))
    await secrets.put('default', name, { secret: { type: 'tls-ca', cert: readFileSync(cert, 'utf8') } });
  const certificate = { type: 'tls' as const, ...makeServerCertificate('new-certificate.localhost') };
  await secrets.put('default', 'new-certificate', { secret: certificate });
  for (const [name, { before }] of Object.entries(SCENARIOS)) {
    const targets = [`http://127.0.0.1:${await upstreams.start(name)}`];
    await services.create('default', { name, spec: { targets } });
    await routes.create('default', { name, spec: specOf(name, before) });
  }
  for (const name of Object.keys(SCENARIOS))
    for (const way of WAYS) {
      const offer = offerOf(name, way);
      await until(true, () => reaches(offer), NEW_MS);
      const { session } = await attemptTls({ ...offer, authority: offer.serverName, path: '/session' });
      if (session === null) throw new Error(`no session of ${name}`);
      const kept = keepConnection(offer, offer.serverName);
      expect(await reachesOn(kept, offer.serverName), name).toBe(true);
      opened.set(`${name} ${way.tls} ${way.protocol}`, { kept, session });
    }
  // All at once: what ends for one must leave the others alone.
  await Promise.all(Object.entries(SCENARIOS).map(([name, { change }]) => change(name)));
  // The command returns when every worker serves the last write, and with it all before.
  const last = ['route', 'create', 'last', '--hostname', 'last.localhost', '--path', '/=neighbour'];
  const { code, stderr } = await platform.postern([...last, '--timeout', '60s']);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining('warning') });
});
afterAll(async () => {
  for (const { kept } of opened.values()) kept[Symbol.dispose]();
  await platform?.[Symbol.asyncDispose]();
  upstreams.close();
});

describe.each(Object.entries(SCENARIOS))('%s', (name, { title, after }) => {
  test.each(WAYS)(
    `${title}: ${after}, be the connection new, resumed or open (TLS $tls, $protocol)`,
    async (way) => {
      const offer = offerOf(name, way);
      const { kept, session } = opened.get(`${name} ${way.tls} ${way.protocol}`) ?? {};
      if (kept === undefined || session === undefined) throw new Error('nothing was opened');
      if (after === 'admitted') {
        expect(await reaches(offer)).toBe(true);
        expect(await reaches({ ...offer, session })).toBe(true);
        expect(await reachesOn(kept, offer.serverName)).toBe(true);
        expect(kept.isOpen).toBe(true);
        return;
      }
      await until(false, () => reaches(offer), NEW_MS);
      expect(await reaches({ ...offer, session })).toBe(false);
      await until(false, () => reachesOn(kept, offer.serverName), OPEN_MS);
      expect(await reaches({ ...offer, session })).toBe(false);
    },
  );
});

test('the certificate that replaced the other one is shown', async () => {
  const socket = offerTls(offerOf('new-certificate', { tls: '1.3', protocol: 'http/1.1' }));
  await new Promise<void>((done) => socket.once('secureConnect', () => done()).once('close', () => done()));
  const { issuer, subject } = socket.getPeerCertificate();
  socket.destroy();
  expect(issuer.CN).toBe(subject.CN);
});
