import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { type Hostname, LIMITS, type Log, PosternError, type PublicEdge } from '@postern/contracts';
import { type ListenAddress, listenFailure, writeListenAddress } from '@postern/runtime';
import type { Store } from '@postern/store';
import { answerProblem } from './answer-problem.ts';
import type { ApiParts } from './api-parts.ts';
import { buildApp } from './build-app.ts';
import { EdgeRegistry } from './edge-registry.ts';
import { startJobRunner } from './job-runner.ts';
import { startEdgePositions } from './note-edge-positions.ts';
import { rehearseWrite } from './rehearse-write.ts';
import { requestIdOf } from './request-id.ts';
import { startLedgerPurge } from './start-ledger-purge.ts';
import { TokenCalls } from './token-calls.ts';
import { WatchRegistry } from './watch/watch-registry.ts';

/** Milliseconds for a request to arrive whole: 1 MiB at 35 KiB/s. */
const REQUEST_MS = 30_000;
/** Milliseconds for a request head to arrive. */
const HEAD_MS = 10_000;
/** Milliseconds that calls under way get when the API stops. */
const DRAIN_MS = 5_000;
/** Milliseconds between two looks for connections that a stopping API no longer needs. */
const SWEEP_MS = 50;
/** Milliseconds between comments on a silent feed. */
const HEARTBEAT_MS = 10_000;

export interface ApiOptions {
  readonly listen: readonly ListenAddress[];
  /** Stays open when the API closes. */
  readonly store: Store;
  /** 32 bytes. */
  readonly masterKey: Buffer;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A random integer from 0 up to, not including, `max`; node:crypto's when absent. */
  readonly randomInt?: (max: number) => number;
  /** What generated hosts end in. */
  readonly hostnameDomain: Hostname;
  /** Whether hosts that are new, and not below `hostnameDomain`, are served only once they are verified; no when absent. */
  readonly hostnameVerification?: boolean;
  /** What the world reaches the edges by; nothing when absent. */
  readonly publicEdge?: PublicEdge;
  /** The port clients of the edge use for HTTPS. */
  readonly publicHttpsPort: number;
  /** The program's version, told at /livez. */
  readonly version: string;
  /** Milliseconds between comments on a silent feed; 10,000 when absent. */
  readonly heartbeatMs?: number;
}

/** A running API. `urls` are in the order of `listen`, `url` is the first of them; `close` ends feeds and lets calls under way finish. */
export interface RunningApi {
  readonly url: string;
  readonly urls: readonly string[];
  close(): Promise<void>;
}

/**
 * Serves the API on all addresses, or on none: fails with `unavailable` when one cannot be had, naming it.
 * Also works through the store's recompiling jobs for as long as it runs.
 */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const stopping = new AbortController();
  const parts: ApiParts = {
    store: options.store,
    masterKey: options.masterKey,
    edges: new EdgeRegistry(),
    watches: new WatchRegistry(),
    tokenCalls: new TokenCalls({
      store: options.store,
      log: options.log,
      now: options.now,
      stopping: stopping.signal,
    }),
    log: options.log,
    now: options.now,
    randomInt: options.randomInt ?? ((max) => randomInt(max)),
    hostnameDomain: options.hostnameDomain,
    hostnameVerification: options.hostnameVerification ?? false,
    publicEdge: options.publicEdge ?? { name: null, addresses: [] },
    publicHttpsPort: options.publicHttpsPort,
    version: options.version,
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
    stopping: stopping.signal,
  };
  await trustNames(parts);
  warnOfTextsAlone(parts);
  await rehearseWrite(parts);
  const app = buildApp(parts);
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    errorHandler: (thrown) => answerUnreadable(parts, thrown),
  });
  const servers: Server[] = [];
  const urls: string[] = [];
  try {
    for (const address of options.listen) {
      const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: HEAD_MS });
      server.on('request', (request, response) => void listener(request, response));
      server.on('clientError', answerMalformed);
      servers.push(server);
      urls.push(await listen(server, address));
    }
  } catch (error) {
    await Promise.all(servers.map(closeServer));
    throw error;
  }
  const jobs = startJobRunner(options.store, options.log);
  const purge = startLedgerPurge(options.store, options.log);
  const positions = startEdgePositions({ ...options, edges: parts.edges });
  options.log.info({ urls }, 'the API listens');
  return {
    url: urls[0] ?? '',
    urls,
    async close() {
      stopping.abort();
      await Promise.all([...servers.map(closeServer), jobs.stop(), purge.stop(), positions.stop()]);
    },
  };
}

/** Serves the names that wait for a proof which is no longer asked for: the setting is another since they were claimed. */
async function trustNames({ store, hostnameVerification, hostnameDomain, log }: ApiParts): Promise<void> {
  let count = 0;
  for (;;) {
    const trusted = await store.trustHostnames(
      hostnameVerification ? hostnameDomain : null,
      LIMITS.inlineRecompiledHostsMax,
    );
    count += trusted;
    if (trusted === 0) break;
  }
  if (count > 0) log.info({ count }, 'hostnames are served without a proof from now on');
}

/** Says that names can only be verified by a TXT record, which whoever runs this may not have meant. */
function warnOfTextsAlone({ hostnameVerification, publicEdge, log }: ApiParts): void {
  if (!hostnameVerification || publicEdge.name !== null || publicEdge.addresses.length > 0) return;
  log.warn(
    {},
    'hostnames are verified by TXT records alone: set POSTERN_EDGE_PUBLIC_NAME or POSTERN_EDGE_PUBLIC_ADDRESSES',
  );
}

async function listen(server: Server, address: ListenAddress): Promise<string> {
  try {
    server.listen(address.port, address.host);
    await once(server, 'listening');
  } catch (error) {
    throw listenFailure('POSTERN_API_LISTEN', address, error);
  }
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  return `http://${writeListenAddress({ host: address.host, port })}`;
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  // Again and again: a connection whose call ends now would be kept for the next one, and take it.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
}

/** Answers what node-server could not make a request of (a bad Host, a backslash in the path). */
function answerUnreadable(parts: ApiParts, thrown: unknown): Response {
  const requestId = requestIdOf(null);
  const isTheirs = thrown instanceof Error && thrown.name === 'RequestError';
  parts.log.warn({ requestId, err: thrown }, 'a request could not be read');
  const error = isTheirs ? new PosternError('bad_request') : new PosternError('internal', { cause: thrown });
  const answer = answerProblem(error, requestId);
  answer.headers.set('x-request-id', requestId);
  return answer;
}

/** Answers what is not HTTP, so that even this is a problem document; a connection that is gone gets nothing. */
function answerMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const requestId = requestIdOf(null);
  const code = codeOfParserError(error.code);
  const answer = answerProblem(new PosternError(code), requestId);
  void answer.text().then((body) => {
    socket.end(
      [
        `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`,
        'content-type: application/problem+json',
        `content-length: ${Buffer.byteLength(body)}`,
        `x-request-id: ${requestId}`,
        'connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  });
}

function codeOfParserError(code: string | undefined) {
  if (code === 'HPE_HEADER_OVERFLOW') return 'request_head_too_large';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  return 'bad_request';
}
