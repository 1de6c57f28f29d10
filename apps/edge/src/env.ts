import { getCompileCacheDir } from 'node:module';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PosternError } from '@postern/contracts/plain';
import { type ListenAddress, parseListenAddresses, readDataDirectory } from '@postern/runtime';
import { addressRanges } from './accept/address-ranges.ts';
import { EDGE_LIMITS } from './limits.ts';
import { plainAddress } from './plain-address.ts';
import type { WorkerLimits } from './process/worker-messages.ts';
import type { TlsVersion } from './tls/secure-context.ts';

/** What an edge takes from the environment, with the defaults of docs/settings.md filled in. Paths are absolute. */
export interface EdgeEnv {
  readonly httpsListen: readonly ListenAddress[];
  readonly httpListen: readonly ListenAddress[];
  readonly adminListen: readonly ListenAddress[];
  /** The port clients use for HTTPS: in redirects and X-Forwarded-Port. Null: the one that is listened on. */
  readonly publicHttpsPort: number | null;
  /** Worker processes. */
  readonly workers: number;
  /** Without a slash at its end. */
  readonly apiUrl: string;
  readonly tokenFile: string;
  readonly dataDirectory: string;
  /** Ranges (CIDR) of load balancers that send a PROXY header first; empty: nobody does. */
  readonly proxyProtocolFrom: readonly string[];
  /** `json` (stdout), `off`, or a file. */
  readonly accessLog: string;
  readonly minVersion: TlsVersion;
  /** Of each worker. */
  readonly limits: WorkerLimits;
}

const WORKERS_MAX = 256;
const MIB = 1024 * 1024;
/** Part of the machine's memory, or the container's, that all workers may use together. */
const MEMORY_SHARE = 0.8;
/** Bytes of a worker at least: an idle one with some thousand hosts takes 150 MiB. */
const WORKER_MEMORY_MIN = 256 * MIB;

/** Reads and checks the variables; fails with `validation_failed` naming the variable. */
export function readEdgeEnv(env: NodeJS.ProcessEnv = process.env): EdgeEnv {
  const dataDirectory = readDataDirectory(env);
  const workers = env.POSTERN_EDGE_WORKERS
    ? numberOf(env, 'POSTERN_EDGE_WORKERS', WORKERS_MAX)
    : availableParallelism();
  return {
    httpsListen: listenOf(env, 'POSTERN_EDGE_HTTPS_LISTEN', '127.0.0.1:8443'),
    httpListen: listenOf(env, 'POSTERN_EDGE_HTTP_LISTEN', '127.0.0.1:8080'),
    adminListen: listenOf(env, 'POSTERN_EDGE_ADMIN_LISTEN', '127.0.0.1:8701'),
    publicHttpsPort: env.POSTERN_EDGE_PUBLIC_HTTPS_PORT
      ? numberOf(env, 'POSTERN_EDGE_PUBLIC_HTTPS_PORT', 65_535)
      : null,
    workers,
    apiUrl: apiUrlOf(env.POSTERN_EDGE_API_URL || 'http://127.0.0.1:8700'),
    tokenFile: resolve(env.POSTERN_EDGE_TOKEN_FILE || join(dataDirectory, 'edge-token')),
    dataDirectory: resolve(env.POSTERN_EDGE_DATA_DIR || join(dataDirectory, 'edge')),
    proxyProtocolFrom: proxyRangesOf(env.POSTERN_EDGE_PROXY_PROTOCOL || 'off'),
    accessLog: accessLogOf(env.POSTERN_ACCESS_LOG || 'json'),
    minVersion: minVersionOf(env.POSTERN_TLS_MIN_VERSION || '1.2'),
    limits: {
      connectionsMax: env.POSTERN_EDGE_CONNECTIONS
        ? numberOf(env, 'POSTERN_EDGE_CONNECTIONS', 1_000_000)
        : EDGE_LIMITS.connectionsMax,
      connectionsPerAddressMax: perAddressOf(env),
      memoryBytes: env.POSTERN_EDGE_MEMORY_MIB
        ? numberOf(env, 'POSTERN_EDGE_MEMORY_MIB', 1_000_000) * MIB
        : workerMemory(workers),
    },
  };
}

function perAddressOf(env: NodeJS.ProcessEnv): number | null {
  const variable = 'POSTERN_EDGE_CONNECTIONS_PER_ADDRESS';
  if (env[variable] === 'off') return null;
  return env[variable] ? numberOf(env, variable, 1_000_000) : EDGE_LIMITS.connectionsPerAddressMax;
}

function workerMemory(workers: number): number {
  // 0 or a huge number where nothing constrains it.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  const usable = Math.min(totalmem(), constrained) * MEMORY_SHARE;
  return Math.max(WORKER_MEMORY_MIN, Math.floor(usable / workers));
}

/** Says to a process that it follows another supervisor; set by that one alone. */
const SUCCESSOR = 'POSTERN_EDGE_SUCCESSOR';

/** True in a process that another edge has started to follow it. */
export function isSuccessor(env: NodeJS.ProcessEnv = process.env): boolean {
  return env[SUCCESSOR] === '1';
}

/** The environment of such a process: otherwise that of this one. */
export function successorEnv(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...env, [SUCCESSOR]: '1' };
}

/**
 * What the C library (glibc from 2.35 on) allocates stands in large pages where the system gives them to who asks: OpenSSL's and Node's
 * data of many connections lie far apart, and a request costs a tenth less (docs/scale.md).
 */
const LARGE_PAGES = 'glibc.malloc.hugetlb=1';

/** The environment of a worker: otherwise that of this process. */
export function workerEnv(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  return {
    ...env,
    // The last word counts: an operator's own.
    GLIBC_TUNABLES: env.GLIBC_TUNABLES ? `${LARGE_PAGES}:${env.GLIBC_TUNABLES}` : LARGE_PAGES,
    // From its first file on, or Node would load its compiler of TypeScript for that one alone: 70 ms of each start.
    ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }),
  };
}

function listenOf(env: NodeJS.ProcessEnv, variable: string, preset: string): ListenAddress[] {
  const addresses = parseListenAddresses(env[variable] || preset, variable);
  return addresses.map(({ host, port }) => ({ host: plainAddress(host), port }));
}

function numberOf(env: NodeJS.ProcessEnv, variable: string, max: number): number {
  const text = env[variable] ?? '';
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw wrong(variable, `"${text}" is not a number between 1 and ${max}`);
  return value;
}

function apiUrlOf(text: string): string {
  const url = URL.parse(text);
  const usable =
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === '';
  if (!usable) throw wrong('POSTERN_EDGE_API_URL', `"${text}" is not an http:// or https:// address`);
  return url.href.replace(/\/+$/, '');
}

function proxyRangesOf(text: string): string[] {
  if (text === 'off') return [];
  const ranges = text.split(',').map((part) => part.trim());
  for (const range of ranges) {
    if (addressRanges([range]) === undefined) {
      throw wrong(
        'POSTERN_EDGE_PROXY_PROTOCOL',
        `"${range}" is neither off nor an address or range like 10.0.0.0/8 or fd00::/8`,
      );
    }
  }
  return ranges;
}

function accessLogOf(text: string): string {
  return text === 'json' || text === 'off' ? text : resolve(text);
}

function minVersionOf(text: string): TlsVersion {
  if (text === '1.2') return 'TLSv1.2';
  if (text === '1.3') return 'TLSv1.3';
  throw wrong('POSTERN_TLS_MIN_VERSION', `"${text}" is neither 1.2 nor 1.3`);
}

function wrong(variable: string, message: string): PosternError {
  return new PosternError('validation_failed', { detail: `${variable}: ${message}` });
}
