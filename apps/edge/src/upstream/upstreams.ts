import { PosternError, type Target, targetName, type Upstream } from '@postern/contracts';
import type { Attempt, UpstreamEvents, UpstreamRequest, UpstreamResponse } from './attempt.ts';
import type { Lease } from './balancer.ts';
import type { Pool } from './pool.ts';
import { createPools, type PoolsOptions } from './pools.ts';
import { authorityOf, startAttempt } from './start-attempt.ts';
import { isFailing, problemOfUpstream, StaleConnectionError, upstreamTimeout } from './upstream-error.ts';

/** Methods that may be sent again without doing a thing twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** One exchange with an upstream, whatever number of targets were tried for it. */
export interface UpstreamCall {
  /** The target that took the request, like `http://127.0.0.1:3000`. */
  readonly target: string;
  /** Rejects with an upstream problem; the response head timeout counts from `finish`. */
  readonly response: Promise<UpstreamResponse>;
  readonly writer: Attempt['writer'];
  finish: Attempt['finish'];
  abort(): void;
}

/** Connections to all services, pooled by service version: a changed target, CA or certificate never meets an old connection. */
export interface Upstreams {
  /**
   * Connects and sends the head. A target that cannot be connected to is passed over for another one, since nothing
   * was sent; a reused connection that dies before it answers is replaced, if the request can be repeated unharmed.
   */
  open(
    service: string,
    upstream: Upstream,
    request: UpstreamRequest,
    events: UpstreamEvents,
  ): Promise<UpstreamCall>;
  close(): void;
}

/** Makes the upstream half of a worker. */
export function createUpstreams(options: PoolsOptions): Upstreams {
  const pools = createPools(options);
  return {
    async open(service, upstream, request, events) {
      const pool = pools.of(service, upstream);
      const excluded = new Set<Target>();
      let last: PosternError | undefined;
      for (;;) {
        const lease = pool.balancer.choose(excluded);
        if ('retryAfterMs' in lease) throw last ?? allFailed(lease.retryAfterMs);
        try {
          return callOf(
            await connectOnce(pool, lease, request, events, false, options),
            pool,
            lease,
            request,
            events,
            options,
          );
        } catch (error) {
          lease.release();
          const problem = problemOfUpstream(error, targetName(lease.target), false);
          if (isFailing(problem)) lease.failed();
          excluded.add(lease.target);
          last = problem;
        }
      }
    },
    close() {
      pools.close();
    },
  };
}

function connectOnce(
  pool: Pool,
  lease: Lease,
  request: UpstreamRequest,
  events: UpstreamEvents,
  fresh: boolean,
  { guard }: PoolsOptions,
): Promise<Attempt> {
  const { target } = lease;
  const authority = pool.upstream.hostHeader === 'client' ? request.clientAuthority : authorityOf(target);
  return startAttempt({ pool, target, authority, request, events, fresh, guard });
}

function callOf(
  first: Attempt,
  pool: Pool,
  lease: Lease,
  request: UpstreamRequest,
  events: UpstreamEvents,
  options: PoolsOptions,
): UpstreamCall {
  let current = first;
  let over = false;
  /** The caller gave up, an answer took too long, or a reused connection closed: nothing that speaks against the target. */
  let blameless = false;
  let headTimer: NodeJS.Timeout | undefined;
  let timedOut: ((error: PosternError) => void) | undefined;
  const limitMs = pool.upstream.responseHeadMs;
  const name = targetName(lease.target);
  const expectHead = (): void => {
    if (headTimer !== undefined || over) return;
    headTimer = setTimeout(() => {
      blameless = true;
      timedOut?.(upstreamTimeout('head', limitMs, name));
      current.abort('silent');
    }, limitMs);
  };
  const run = async (): Promise<UpstreamResponse> => {
    try {
      return await first.response;
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      const repeatable = request.body.kind === 'none' && IDEMPOTENT.has(request.method) && !request.websocket;
      if (!repeatable || over) {
        blameless = true;
        throw problemOfUpstream(error, name, true);
      }
      current = await connectOnce(pool, lease, request, events, true, options);
      if (over) current.abort();
      releaseAfter(current);
      return await current.response;
    }
  };
  const timeout = new Promise<never>((_resolve, reject) => {
    timedOut = reject;
  });
  const response = Promise.race([run(), timeout]).then(
    (answer) => {
      clearTimeout(headTimer);
      over = true;
      lease.succeeded();
      return answer;
    },
    (error: unknown) => {
      clearTimeout(headTimer);
      over = true;
      lease.release();
      const problem = problemOfUpstream(error, name, true);
      if (isFailing(problem) && !blameless) lease.failed();
      throw problem;
    },
  );
  const settled = response.catch(() => undefined);
  const releaseAfter = (attempt: Attempt): void => {
    // Only now is it known whether another attempt has taken the place of one that closed before it answered.
    attempt.onClosed(() => {
      void settled.then(() => {
        if (attempt === current) lease.release();
      });
    });
  };
  releaseAfter(first);
  if (request.body.kind === 'none') expectHead();
  return {
    target: name,
    response,
    writer: first.writer,
    finish(trailers) {
      first.finish(trailers);
      expectHead();
    },
    abort() {
      if (!over) blameless = true;
      over = true;
      clearTimeout(headTimer);
      current.abort();
    },
  };
}

function allFailed(retryAfterMs: number): PosternError {
  return new PosternError('upstream_unavailable', {
    detail: 'All targets of the service failed lately and are left alone for a moment.',
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  });
}
