import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CertificateFiles,
  OpensslCertificates,
} from '../../apps/edge/src/testing/openssl-certificates.ts';
import { findFreePorts } from '../../test/platform/platform.ts';
import { pin } from '../forwarding/process-cost.ts';
import {
  HOST,
  type MeasuredProxy,
  PEERS,
  startListening,
  startPeer,
  startPostern,
} from '../forwarding/proxies.ts';
import { workersBy } from '../instructions/callgrind.ts';
import { askOnce } from './ask-once.ts';
import { DEBIAN_PEERS, type DebianPeer, startDebianPeer } from './debian-peers.ts';
import { makeBundle } from './make-bundle.ts';
import { PROXIES, type ProxyName, type ProxySet } from './rows.ts';

const SUBJECT = 'bench-client';
const GRPC_PREFIX = '/bench.Echo/';

/** The certificates of a run: one for HOST, and a client below the CA that every proxy admits. */
export interface BenchCertificates {
  readonly server: CertificateFiles;
  readonly serverPem: string;
  readonly clientCa: string;
  readonly client: CertificateFiles;
}

export function makeBenchCertificates(directory: string): BenchCertificates {
  const openssl = new OpensslCertificates(directory);
  const server = openssl.selfSigned(HOST, [`subjectAltName=DNS:${HOST}`]);
  const ca = openssl.selfSigned('Bench clients');
  return {
    server,
    serverPem: makeBundle(server, join(directory, 'server-bundle.pem')),
    clientCa: ca.cert,
    client: openssl.signed(ca, SUBJECT),
  };
}

interface SetsOptions {
  readonly stack: AsyncDisposableStack;
  readonly directory: string;
  readonly certificates: BenchCertificates;
  /** The one core of every proxy, and where upstreams run; null on a machine with one. */
  readonly proxyCore: string | null;
  readonly otherCores: string | null;
  /** What is left out, and why. */
  readonly missing: Partial<Record<ProxyName, string>>;
  /** Words before the command of each process that forwards; none is without them. */
  readonly words?: readonly string[];
}

/** Gives the running proxies of a set, starting on first use what does not run yet. */
export async function createProxySets(
  options: SetsOptions,
): Promise<(set: ProxySet) => Promise<Map<ProxyName, MeasuredProxy>>> {
  const { stack, otherCores } = options;
  const upstream = await startListening(stack, 'upstream-main.ts', []);
  const grpc = await startListening(stack, '../side-by-side/grpc-upstream-main.ts', []);
  if (otherCores !== null)
    for (const { running } of [upstream, grpc]) pin(running.process.pid ?? 0, otherCores);
  const ports = { upstream: upstream.port, grpc: grpc.port };
  const started = new Map<ProxySet, Map<ProxyName, MeasuredProxy>>();
  const startedOf = async (set: ProxySet): Promise<Map<ProxyName, MeasuredProxy>> => {
    const known = started.get(set);
    if (known !== undefined) return known;
    const proxies = new Map<ProxyName, MeasuredProxy>();
    // Only Node's servers are others for HTTP/2.
    const plain = set === 'http2' ? await startedOf('plain') : null;
    for (const name of PROXIES) {
      if (options.missing[name] !== undefined) continue;
      if (set === 'http2' && name === 'http-proxy') continue;
      const proxy = name === 'http-proxy-3' ? undefined : plain?.get(name);
      proxies.set(name, proxy ?? (await startOne(name, set, options, ports)));
    }
    started.set(set, proxies);
    return proxies;
  };
  return startedOf;
}

async function startOne(
  name: ProxyName,
  set: ProxySet,
  { stack, directory, certificates, proxyCore, words = [] }: SetsOptions,
  ports: { readonly upstream: number; readonly grpc: number },
): Promise<MeasuredProxy> {
  console.error(`starting ${name} (${set})`);
  const { server, serverPem, clientCa, client } = certificates;
  const logFile = set === 'logged' ? join(directory, `${name}-access.log`) : null;
  const logging = logFile === null ? {} : { logFile };
  const files = { certFile: server.cert, keyFile: server.key };
  const debian = DEBIAN_PEERS.find((known) => known === name);
  const peer = PEERS.find((known) => known === name);
  let proxy: MeasuredProxy;
  if (debian !== undefined) {
    proxy = await startDebian(debian, logFile);
  } else if (peer !== undefined) {
    const target = `http://127.0.0.1:${ports.upstream}`;
    const protocol = set === 'http2' ? 'http2' : 'http1';
    proxy = await startPeer(stack, { peer, ...files, target, protocol, clientCa, ...logging }, words);
  } else {
    proxy = await startPostern(stack, files, ports.upstream, {
      admission: { clientCa, subject: SUBJECT },
      grpc: { prefix: GRPC_PREFIX, port: ports.grpc },
      ...(words.length === 0 ? {} : { env: workersBy(words, directory) }),
      ...logging,
    });
  }
  if (proxyCore !== null) pin(proxy.pid, proxyCore);
  await checkAdmission(proxy, client);
  return proxy;

  async function startDebian(kind: DebianPeer, log: string | null): Promise<MeasuredProxy> {
    const { https } = await findFreePorts();
    return await startDebianPeer(
      stack,
      kind,
      {
        ...{
          directory,
          port: https,
          upstreamPort: ports.upstream,
          grpcPort: ports.grpc,
          grpcPrefix: GRPC_PREFIX,
        },
        ...{ server, serverPem, clientCa, logFile: log },
      },
      proxyCore,
      words,
    );
  }
}

/** What admits everybody would be compared with what checks. */
async function checkAdmission(proxy: MeasuredProxy, client: CertificateFiles): Promise<void> {
  const shown = { cert: readFileSync(client.cert, 'utf8'), key: readFileSync(client.key, 'utf8') };
  const admitted = await askOnce({ port: proxy.port, host: HOST, client: shown });
  const stranger = await askOnce({ port: proxy.port, host: HOST, client: null });
  if (admitted !== 200) throw new Error(`${proxy.name} answers an admitted client ${admitted}`);
  if (stranger === 200) throw new Error(`${proxy.name} admits a client without a certificate`);
}
