import { isIP } from 'node:net';
import { PosternError, type Target, type TrustBundle, type Upstream } from '@postern/contracts';
import { type AddressGuard, forbidden } from './address-guard.ts';
import type { Attempt, UpstreamEvents, UpstreamRequest, UpstreamResponse } from './attempt.ts';
import type { Lease } from './balancer.ts';
import { startHttp1Attempt, targetName } from './h1-attempt.ts';
import { startHttp2Attempt } from './h2-attempt.ts';
import { type ClientCertificate, createPool, type Pool } from './pool.ts';
import { isFailing, problemOfUpstream, StaleConnectionError, upstreamTimeout } from './upstream-error.ts';

/** Service versions remembered; the one unused for longest goes first, and its idle connections end by themselves. */
const POOLS_MAX = 2_000;
/** Methods that may be sent again without doing a thing twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export interface UpstreamsOptions {
  readonly guard: AddressGuard;
  /** Present content of a trust bundle; undefined when unknown or unusable: its targets are then not connected to. */
  getTrustBundle(id: string): TrustBundle | undefined;
  /** Present content of a certificate; undefined as above. */
  getCertificate(id: string): ClientCertificate | undefined;
  /** Milliseconds of a steady clock. */
  now(): number;
}

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
export function createUpstreams(options: UpstreamsOptions): Upstreams {
  const pools = new Map<string, Pool>();
  const versions = new WeakMap<Upstream, string>();

  const poolOf = (service: string, upstream: Upstream): Pool => {
    const version = versions.get(upstream) ?? JSON.stringify(upstream);
    versions.set(upstream, version);
    const key = `${service} ${version}`;
    const bundle = upstream.trustBundle === null ? undefined : options.getTrustBundle(upstream.trustBundle);
    const certificate =
      upstream.clientCertificate === null ? undefined : options.getCertificate(upstream.clientCertificate);
    if (upstream.trustBundle !== null && bundle === undefined) throw unusable('the CA');
    if (upstream.clientCertificate !== null && certificate === undefined)
      throw unusable('the client certificate');
    const known = pools.get(key);
    pools.delete(key);
    const same =
      known !== undefined &&
      known.bundle?.contentHash === bundle?.contentHash &&
      known.certificate?.chainPem === certificate?.chainPem &&
      known.certificate?.keyPem === certificate?.keyPem;
    const pool = same ? known : createPool(upstream, bundle, certificate, options);
    pools.set(key, pool);
    if (pools.size > POOLS_MAX) {
      const oldest = pools.keys().next().value;
      if (oldest !== undefined) pools.delete(oldest);
    }
    return pool;
  };

  return {
    async open(service, upstream, request, events) {
      const pool = poolOf(service, upstream);
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
      for (const pool of pools.values()) pool.close();
      pools.clear();
    },
  };
}

async function connectOnce(
  pool: Pool,
  lease: Lease,
  request: UpstreamRequest,
  events: UpstreamEvents,
  fresh: boolean,
  options: UpstreamsOptions,
): Promise<Attempt> {
  const { target } = lease;
  const host = target.host.replace(/^\[|\]$/g, '');
  const refusal = isIP(host) === 0 ? undefined : options.guard.refusalOf(host, target.port);
  if (refusal !== undefined) throw forbidden(target.host, host, refusal);
  const authority = pool.upstream.hostHeader === 'client' ? request.clientAuthority : authorityOf(target);
  if (target.protocol === 'h2c' || (target.protocol === 'https' && request.grpc)) {
    if (request.websocket) {
      throw new PosternError('unsupported_upgrade', {
        detail: 'The service speaks HTTP/2, which carries no WebSockets here.',
      });
    }
    return startHttp2Attempt({ target, authority, request, events, sessions: pool.sessionsFor(target) });
  }
  const attempt = startHttp1Attempt({
    target,
    agent: pool.agentFor(target, fresh || request.websocket),
    host: authority,
    request,
    events,
    connectMs: pool.upstream.connectMs,
    guard: options.guard,
  });
  await attempt.connected;
  return attempt;
}

function callOf(
  first: Attempt,
  pool: Pool,
  lease: Lease,
  request: UpstreamRequest,
  events: UpstreamEvents,
  options: UpstreamsOptions,
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

function authorityOf(target: Target): string {
  const host = isIP(target.host) === 6 ? `[${target.host}]` : target.host;
  const usual = target.protocol === 'https' ? 443 : 80;
  return target.port === usual ? host : `${host}:${target.port}`;
}

function allFailed(retryAfterMs: number): PosternError {
  return new PosternError('upstream_unavailable', {
    detail: 'All targets of the service failed lately and are left alone for a moment.',
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  });
}

function unusable(what: string): PosternError {
  return new PosternError('upstream_tls_failed', { detail: `${what} that the service names is not usable.` });
}
