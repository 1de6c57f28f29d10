import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { OpensslCertificates, pemOf } from '../../apps/edge/src/testing/openssl-certificates.ts';
import { DEBIAN_PEERS, type DebianPeer } from './debian-peers.ts';
import { writePeerHosts } from './many-hosts-fixture.ts';
import { type ManyHostsFigures, measurePeerWithManyHosts } from './many-hosts-peers.ts';
import { ADDED, measurePosternWithManyHosts } from './postern-many-hosts.ts';
import type { Verdict } from './verdicts.ts';

interface ManyHostsOptions {
  readonly directory: string;
  /** Hosts, the one that is added among them. */
  readonly count: number;
  /** The one core of each proxy. */
  readonly core: string | null;
  readonly missing: Partial<Record<string, string>>;
  readonly goOn: () => void;
}

/** Hosts that are asked once before memory is read. */
const TOUCHED_MAX = 1_000;

/** Bars of the work: how many times better than a peer. */
const BETTER: readonly { peer: DebianPeer; times: number; kind: Verdict['kind'] }[] = [
  { peer: 'nginx', times: 10, kind: 'bar' },
  { peer: 'caddy', times: 5, kind: 'bar' },
  { peer: 'nginx', times: 100, kind: 'hope' },
];

/** Starts each proxy with many mTLS hosts, adds one, and reads the memory of what serves. */
export async function compareManyHosts(
  options: ManyHostsOptions,
): Promise<{ section: string; verdicts: Verdict[] }> {
  const { directory, count, core, missing, goOn } = options;
  const upstream = createServer((_, response) => response.end('ok'));
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const added = new OpensslCertificates(mkdtempSync(join(directory, 'added-'))).selfSigned(ADDED, [
    `subjectAltName=DNS:${ADDED}`,
  ]);
  const touched = Math.min(TOUCHED_MAX, count - 1);
  const figures = new Map<string, ManyHostsFigures | string>();
  const take = async (name: string, measure: () => Promise<ManyHostsFigures>): Promise<void> => {
    goOn();
    console.error(`${count} hosts: ${name}`);
    try {
      figures.set(name, await measure());
    } catch (error) {
      figures.set(name, `failed: ${String(error).split('\n')[0]}`);
    }
  };
  try {
    await take('postern', () =>
      measurePosternWithManyHosts({
        ...{ count, touched, core },
        server: { cert: pemOf(added.cert), key: pemOf(added.key) },
      }),
    );
    const peerHosts = writePeerHosts(directory, count);
    const { port: upstreamPort } = upstream.address() as AddressInfo;
    for (const peer of DEBIAN_PEERS) {
      const why = missing[peer];
      if (why !== undefined) figures.set(peer, why);
      else
        await take(peer, () =>
          measurePeerWithManyHosts(peer, peerHosts, { directory, core, upstreamPort, touched }),
        );
    }
  } finally {
    upstream.closeAllConnections();
    upstream.close();
  }
  return { section: sectionOf(count, touched, figures), verdicts: verdictsOf(count, figures) };
}

function sectionOf(
  count: number,
  touched: number,
  figures: ReadonlyMap<string, ManyHostsFigures | string>,
): string {
  const lines = [...figures].map(([name, got]) =>
    typeof got === 'string'
      ? `| ${name} | ${got.replaceAll('|', '/')} | - | - |`
      : `| ${name} | ${rounded(got.startMs)} | ${rounded(got.addMs)} | ${rounded(got.memoryMib)} |`,
  );
  return `${count.toLocaleString('en')} hosts, each with a certificate and a client CA of its own, admission on. Start: from the start of the process until
a host answers an admitted client (Postern's edge from its replica). Added host: from the reload (nginx, HAProxy), the call of the API
(Caddy, Postern) until it answers. Memory: resident, of the process that serves, after ${touched.toLocaleString('en')} hosts were asked once. http-proxy and http-proxy-3
have no configuration of hosts to compare.

| proxy | start, ms | added host, ms | memory, MiB |
|---|---|---|---|
${lines.join('\n')}
`;
}

function rounded(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function verdictsOf(count: number, figures: ReadonlyMap<string, ManyHostsFigures | string>): Verdict[] {
  const of = (name: string, what: keyof ManyHostsFigures): number => {
    const got = figures.get(name);
    return got === undefined || typeof got === 'string' ? Number.NaN : got[what];
  };
  const work = `${count.toLocaleString('en')} mTLS hosts`;
  const times = BETTER.flatMap(({ peer, times: factor, kind }) =>
    (['startMs', 'addMs'] as const).map((what) => ({
      ...{ work: `${work}: ${what === 'startMs' ? 'start' : 'added host'}`, kind, most: 1 / factor },
      ...{ bar: `${1 / factor} x ${peer}`, measured: of('postern', what) / of(peer, what) },
    })),
  );
  const memory = of('postern', 'memoryMib') / of('caddy', 'memoryMib');
  return [
    ...times,
    { work: `${work}: memory of a worker`, bar: '0.5 x caddy', measured: memory, most: 0.5, kind: 'bar' },
  ];
}
