import type { CompiledHealthCheck, Target } from '@postern/contracts';
import { targetName } from '@postern/contracts/plain';
import type { AddressGuard } from '../address-guard.ts';
import type { Attempt, UpstreamRequest, UpstreamResponse } from '../attempt.ts';
import type { AttemptOptions } from '../attempt-options.ts';
import type { BodySource } from '../body.ts';
import { ListedFields } from '../fields.ts';
import { openSocket } from '../open-socket.ts';
import type { Pool } from '../pool.ts';
import { settleOnce } from '../settle-once.ts';
import { authorityOf, startAttempt } from '../start-attempt.ts';
import { upstreamTimeout } from '../upstream-error.ts';
import { CheckRefused } from './describe-failure.ts';
import { decodeHealthResponse, encodeHealthRequest, GRPC_HEALTH_PATH } from './grpc-health.ts';

/** Bytes. A HealthCheckResponse has 7. */
const GRPC_ANSWER_BYTES_MAX = 1024;

export interface ProbeOptions {
  /** A pool whose `connectMs` is at most the check's time. */
  readonly pool: Pool;
  readonly target: Target;
  readonly check: CompiledHealthCheck;
  readonly guard: AddressGuard;
}

/**
 * Checks one target once, over a new connection that is made as those of requests are: same guard, CA, client
 * certificate and names. Rejects when the target is not healthy, with CheckRefused or an upstream problem, at the latest
 * after the check's time.
 */
export async function probeTarget(options: ProbeOptions): Promise<void> {
  const { check, target } = options;
  const late = settleOnce<never>();
  const timer = setTimeout(() => {
    late.reject(upstreamTimeout('head', check.timeoutMs, targetName(target)));
  }, check.timeoutMs);
  try {
    await (check.way.kind === 'tcp' ? probeTcp(options) : probeRequest(options, late.promise));
  } finally {
    clearTimeout(timer);
  }
}

async function probeTcp({ pool, target, check, guard }: ProbeOptions): Promise<void> {
  const socket = await openSocket({
    target,
    guard,
    secureContext: pool.secureContextFor(target),
    protocols: ['h2', 'http/1.1'],
    connectMs: check.timeoutMs,
  });
  socket.on('error', () => {});
  socket.destroy();
}

async function probeRequest(
  { pool, target, check, guard }: ProbeOptions,
  late: Promise<never>,
): Promise<void> {
  const { way } = check;
  const sessions = pool.newSessionsFor(target);
  const body = way.kind === 'grpc' ? encodeHealthRequest(way.service) : null;
  const answered = settleOnce<UpstreamResponse>();
  const starting = beginAttempt({
    pool,
    target,
    guard,
    sessions,
    authority: (way.kind === 'http' ? way.host : null) ?? authorityOf(target),
    request: requestOf(check, body),
    events: {
      onContinue() {},
      onInform() {},
      onResponse: answered.resolve,
      onFailed: answered.reject,
      onClosed() {},
    },
    fresh: true,
  });
  try {
    const attempt = await Promise.race([starting, late]);
    if (body !== null) attempt.writer.write(body);
    attempt.finish([]);
    attempt.writer.flush();
    const response = await Promise.race([answered.promise, late]);
    if (way.kind === 'http') expectStatus(response, way.statuses);
    else await Promise.race([expectServing(response), late]);
  } finally {
    // A connection that comes too late is ended, too.
    const end = (attempt?: Attempt) => {
      attempt?.abort();
      sessions.destroy();
    };
    starting.then(end, () => end());
  }
}

async function beginAttempt(options: AttemptOptions): Promise<Attempt> {
  return await startAttempt(options);
}

function requestOf({ way }: CompiledHealthCheck, body: Buffer | null): UpstreamRequest {
  const isGrpc = way.kind === 'grpc';
  return {
    method: isGrpc ? 'POST' : 'GET',
    path: way.kind === 'http' ? way.path : GRPC_HEALTH_PATH,
    clientAuthority: '',
    fields: () => [
      ['User-Agent', 'postern-health-check'],
      ...(isGrpc ? [['Content-Type', 'application/grpc'] as const] : []),
    ],
    writeHttp1Head: () => null,
    body: body === null ? { kind: 'none' } : { kind: 'sized', bytes: body.length },
    expectContinue: false,
    takesTrailers: () => isGrpc,
    grpc: isGrpc,
    websocket: false,
  };
}

function expectStatus({ status }: UpstreamResponse, statuses: readonly number[] | null): void {
  const isExpected = statuses === null ? status >= 200 && status <= 299 : statuses.includes(status);
  if (isExpected) return;
  throw new CheckRefused(`answered ${status}, expected ${statuses === null ? '2xx' : statuses.join(' or ')}`);
}

async function expectServing(response: UpstreamResponse): Promise<void> {
  if (response.status !== 200) throw new CheckRefused(`answered ${response.status} in place of gRPC`);
  const body = await readBody(response.body);
  const status =
    new ListedFields([...response.trailers(), ...response.fields.toPairs()]).valuesOf('grpc-status')[0] ??
    'none';
  if (status === '12') throw new CheckRefused('has no gRPC health service (UNIMPLEMENTED)');
  if (status === '5')
    throw new CheckRefused('does not know the gRPC service that is asked about (NOT_FOUND)');
  if (status !== '0') throw new CheckRefused(`answered the gRPC status ${status}`);
  const serving = decodeHealthResponse(body);
  if (serving !== 'SERVING') throw new CheckRefused(`says ${serving ?? 'no health status'}`);
}

function readBody(source: BodySource): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    source.start({
      data(chunk) {
        bytes += chunk.length;
        if (bytes > GRPC_ANSWER_BYTES_MAX) {
          source.stop();
          reject(new CheckRefused('answered with more than a health status'));
        } else chunks.push(chunk);
      },
      end: () => resolve(Buffer.concat(chunks)),
      broken: () => reject(new CheckRefused('broke its answer off')),
    });
  });
}
