import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { PosternError, type Target, type TrustBundle, type Upstream } from '@postern/contracts';
import { type AddressGuard, forbidden } from './address-guard.ts';
import type { Attempt, UpstreamEvents, UpstreamRequest, UpstreamResponse } from './attempt.ts';
import { type Balancer, createBalancer, type Lease } from './balancer.ts';
import { startHttp1Attempt, targetName } from './h1-attempt.ts';
import { startHttp2Attempt } from './h2-attempt.ts';
import { createHttp2Sessions, type Http2Sessions, serverNameOf } from './h2-sessions.ts';
import { problemOfUpstream, StaleConnectionError, upstreamTimeout } from './upstream-error.ts';

/** Milliseconds an idle HTTP/1.1 connection is kept: below the 5 s after which common servers (Node) close theirs. */
const IDLE_CONNECTION_MS = 4_000;
/** Service versions remembered; the one unused for longest goes first, and its idle connections end by themselves. */
const POOLS_MAX = 2_000;
/** Methods that may be sent again without doing a thing twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** A certificate with its open key, as shown to https targets. */
export interface ClientCertificate {
  readonly chainPem: string;
  readonly keyPem: string;
}

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

interface Pool {
  readonly upstream: Upstream;
  readonly bundle: TrustBundle | undefined;
  readonly certificate: ClientCertificate | undefined;
  readonly balancer: Balancer;
  agentFor(target: Target, fresh: boolean): HttpAgent;
  sessionsFor(target: Target): Http2Sessions;
  close(): void;
}

/** Makes the upstream half of a worker. */
export function createUpstreams(options: UpstreamsOptions): Upstreams {
  const pools = new Map<string, Pool>();

  const poolOf = (service: string, upstream: Upstream): Pool => {
    const key = `${service} ${JSON.stringify(upstream)}`;
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
          // A target that is not allowed is not ill, and gRPC on an HTTP/1.1 target is the caller's doing.
          if (problem.code !== 'upstream_forbidden' && problem.code !== 'unsupported_upgrade') lease.failed();
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
  let attempt: Attempt;
  if (target.protocol === 'h2c' || (target.protocol === 'https' && request.grpc)) {
    if (request.websocket) {
      throw new PosternError('unsupported_upgrade', {
        detail: 'The service speaks HTTP/2, which carries no WebSockets here.',
      });
    }
    attempt = await startHttp2Attempt({
      target,
      authority,
      request,
      events,
      sessions: pool.sessionsFor(target),
    });
  } else {
    attempt = startHttp1Attempt({
      target,
      agent: pool.agentFor(target, fresh || request.websocket),
      host: authority,
      request,
      events,
      connectMs: pool.upstream.connectMs,
      guard: options.guard,
    });
    await attempt.connected;
  }
  lease.succeeded();
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
  let headTimer: NodeJS.Timeout | undefined;
  let timedOut: ((error: PosternError) => void) | undefined;
  const limitMs = pool.upstream.responseHeadMs;
  const name = targetName(lease.target);
  const expectHead = (): void => {
    if (headTimer !== undefined || over) return;
    headTimer = setTimeout(() => {
      timedOut?.(upstreamTimeout('head', limitMs, name));
      current.abort();
    }, limitMs);
  };
  const run = async (): Promise<UpstreamResponse> => {
    try {
      return await first.response;
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      const repeatable = request.body.kind === 'none' && IDEMPOTENT.has(request.method) && !request.websocket;
      if (!repeatable || over) throw problemOfUpstream(error, name, true);
      current = await connectOnce(pool, lease, request, events, true, options);
      if (over) current.abort();
      current.onClosed(lease.release);
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
      return answer;
    },
    (error: unknown) => {
      clearTimeout(headTimer);
      over = true;
      lease.release();
      const problem = problemOfUpstream(error, name, true);
      if (problem.code === 'upstream_invalid' || problem.code === 'upstream_tls_failed') lease.failed();
      throw problem;
    },
  );
  response.catch(() => undefined);
  first.onClosed(() => {
    if (current === first) lease.release();
  });
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
      over = true;
      clearTimeout(headTimer);
      current.abort();
    },
  };
}

function createPool(
  upstream: Upstream,
  bundle: TrustBundle | undefined,
  certificate: ClientCertificate | undefined,
  options: UpstreamsOptions,
): Pool {
  let context: SecureContext | undefined;
  const secureContext = (): SecureContext => {
    try {
      // `ca` is left out only where the service names none: then, and only then, the public roots are meant.
      context ??= createSecureContext({
        ...(bundle === undefined ? {} : { ca: [...bundle.anchorsPem], allowPartialTrustChain: true }),
        ...(certificate === undefined ? {} : { cert: certificate.chainPem, key: certificate.keyPem }),
      });
      return context;
    } catch (error) {
      throw new PosternError('upstream_tls_failed', {
        detail: 'The CA or client certificate of the service cannot be used.',
        cause: error,
      });
    }
  };
  const agents = new Map<string, HttpAgent>();
  const sessions = new Map<Target, Http2Sessions>();
  return {
    upstream,
    bundle,
    certificate,
    balancer: createBalancer(upstream.targets, options.now),
    agentFor(target, fresh) {
      const key = `${target.protocol} ${target.host} ${fresh}`;
      let agent = agents.get(key);
      if (agent === undefined) {
        const keeping = fresh ? { keepAlive: false } : { keepAlive: true, timeout: IDLE_CONNECTION_MS };
        const host = target.host.replace(/^\[|\]$/g, '');
        agent =
          target.protocol === 'https'
            ? new HttpsAgent({
                ...keeping,
                secureContext: secureContext(),
                servername: serverNameOf(host),
                ALPNProtocols: ['http/1.1'],
              })
            : new HttpAgent(keeping);
        agents.set(key, agent);
      }
      return agent;
    },
    sessionsFor(target) {
      let all = sessions.get(target);
      if (all === undefined) {
        all = createHttp2Sessions({
          target,
          secureContext: target.protocol === 'https' ? secureContext() : null,
          connectMs: upstream.connectMs,
          guard: options.guard,
        });
        sessions.set(target, all);
      }
      return all;
    },
    close() {
      // Idle connections only: agent.destroy() would cut exchanges under way.
      for (const agent of agents.values()) {
        agent.maxFreeSockets = 0;
        for (const idle of Object.values(agent.freeSockets))
          for (const socket of idle ?? []) socket.destroy();
      }
      for (const all of sessions.values()) all.close();
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
