import type { CertificateFiles } from '../../apps/edge/src/testing/openssl-certificates.ts';
import { type LoadResult, type PutLoad, pinned, reportOf } from '../forwarding/load.ts';
import { HOST, type MeasuredProxy } from '../forwarding/proxies.ts';
import { GRPC_PATH, type H2Load } from './h2-load.ts';
import type { HandshakeLoad } from './handshake-main.ts';

export const PROXIES = ['postern', 'nginx', 'haproxy', 'caddy', 'http-proxy', 'http-proxy-3'] as const;
export type ProxyName = (typeof PROXIES)[number];

/** What the cost of Postern in a row may be at most, as a multiple of another proxy's, or of its own in another row. */
export interface Bar {
  readonly of: { readonly proxy: ProxyName } | { readonly ownRow: string };
  readonly most: number;
  /** A bar must be met; a hope would be fine. */
  readonly kind: 'bar' | 'hope';
}

/** Which processes serve a row. */
export type ProxySet = 'plain' | 'logged' | 'http2';

/** A kind of work that all proxies do. */
export interface Row {
  readonly id: string;
  readonly title: string;
  /** What the figures are for one of. */
  readonly unit: string;
  readonly set: ProxySet;
  /** Rows with the same word here are measured in turns: one is judged by another. */
  readonly turns?: string;
  readonly bars: readonly Bar[];
  /** Why a proxy cannot do it. */
  readonly impossible?: Partial<Record<ProxyName, string>>;
  /** Why nobody can be measured here, where that is so. */
  readonly missing?: string;
  put(proxy: MeasuredProxy, seconds: number): Promise<LoadResult>;
}

interface RowTools {
  readonly client: CertificateFiles;
  readonly cores: string | null;
  readonly put: PutLoad;
  readonly putH2: (port: number, load: H2Load) => Promise<LoadResult>;
  /** Why HTTP/2 load cannot be put here; null where it can. */
  readonly h2Missing: string | null;
}

const than = (proxy: ProxyName, most: number, kind: Bar['kind'] = 'bar'): Bar => ({
  of: { proxy },
  most,
  kind,
});
const HTTP_PROXY_ENDS = 'its process ends of a request over HTTP/2 (see Forwarding)';

/** The rows of the comparison, in the order of the report. */
export function rowsWith({ client, cores, put, putH2, h2Missing }: RowTools): Row[] {
  const small = { path: '/small', connections: 64, client };
  const missing = h2Missing === null ? {} : { missing: h2Missing };
  const large = [than('nginx', 0.7), than('nginx', 0.5, 'hope')];
  return [
    {
      ...{ id: 'small', title: 'small GET, HTTP/1.1, 64 kept connections', unit: 'request', set: 'plain' },
      bars: [than('haproxy', 1.15), than('caddy', 0.3), than('nginx', 1, 'hope')],
      put: ({ port }, seconds) => put(port, { ...small, seconds }),
    },
    {
      ...{ id: 'small-logged', unit: 'request', set: 'logged' },
      title: 'the same, each request logged to a file',
      bars: [than('haproxy', 1.15), than('caddy', 0.3), than('nginx', 1, 'hope')],
      put: ({ port }, seconds) => put(port, { ...small, seconds }),
    },
    {
      ...{ id: 'download', title: '1 MiB download, 4 kept connections', unit: 'download', set: 'plain' },
      bars: large,
      put: ({ port }, seconds) => put(port, { path: '/large', connections: 4, seconds, client }),
    },
    {
      ...{ id: 'upload', title: '1 MiB upload, 4 kept connections', unit: 'upload', set: 'plain' },
      bars: large,
      put: ({ port }, seconds) =>
        put(port, { path: '/sink', connections: 4, uploadBytes: 1024 * 1024, seconds, client }),
    },
    {
      ...{
        id: 'h2',
        title: 'small GET, HTTP/2, one connection of 16 streams',
        unit: 'request',
        set: 'http2',
      },
      bars: [than('caddy', 0.45), than('nginx', 2, 'hope')],
      impossible: { 'http-proxy': HTTP_PROXY_ENDS },
      ...missing,
      put: ({ port }, seconds) =>
        putH2(port, { path: '/small', connections: 1, streams: 16, seconds, client }),
    },
    {
      ...{ id: 'grpc', title: 'gRPC unary, one connection of 16 streams', unit: 'call', set: 'http2' },
      bars: [than('caddy', 0.6)],
      impossible: { 'http-proxy': HTTP_PROXY_ENDS, 'http-proxy-3': 'speaks HTTP/1.1 with upstreams' },
      ...missing,
      put: ({ port }, seconds) =>
        putH2(port, { path: GRPC_PATH, connections: 1, streams: 16, seconds, client }),
    },
    ...handshakeRows('TLSv1.3', client, cores),
    ...handshakeRows('TLSv1.2', client, cores),
  ];
}

function handshakeRows(
  version: HandshakeLoad['version'],
  client: CertificateFiles,
  cores: string | null,
): Row[] {
  const program = `${import.meta.dirname}/handshake-main.ts`;
  const rowOf = (resume: boolean, bars: Bar[]): Row => ({
    id: `${resume ? 'resumed' : 'full'}-${version}`,
    title: `${resume ? 'resumed' : 'full'} mTLS handshake and one GET, ${version.replace('v', ' ')}, P-256`,
    ...{ unit: 'handshake', set: 'plain', turns: version, bars },
    put: ({ port }, seconds) => {
      const load: HandshakeLoad = { port, host: HOST, version, resume, connections: 4, seconds, client };
      return reportOf(pinned(cores, process.execPath, [program, JSON.stringify(load)]), seconds);
    },
  });
  const ownRow = `full-${version}`;
  return [
    rowOf(false, [than('nginx', 1.1), than('nginx', 0.9, 'hope')]),
    rowOf(true, [
      { of: { ownRow }, most: 0.65, kind: 'bar' },
      { of: { ownRow }, most: 0.5, kind: 'hope' },
    ]),
  ];
}
