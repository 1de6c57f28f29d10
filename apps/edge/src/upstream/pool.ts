import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { PosternError, type Target, type TrustBundle, type Upstream } from '@postern/contracts';
import type { AddressGuard } from './address-guard.ts';
import { type Balancer, createBalancer } from './balancer.ts';
import { createHttp2Sessions, type Http2Sessions } from './h2-sessions.ts';
import { serverNameOf } from './open-socket.ts';

/** Milliseconds an idle HTTP/1.1 connection is kept: below the 5 s after which common servers (Node) close theirs. */
const IDLE_CONNECTION_MS = 4_000;

/** A certificate with its open key, as shown to https targets. */
export interface ClientCertificate {
  readonly chainPem: string;
  readonly keyPem: string;
}

/** The connections to one version of a service. */
export interface Pool {
  readonly upstream: Upstream;
  readonly bundle: TrustBundle | undefined;
  readonly certificate: ClientCertificate | undefined;
  readonly balancer: Balancer;
  agentFor(target: Target, fresh: boolean): HttpAgent;
  sessionsFor(target: Target): Http2Sessions;
  /** Sessions that nobody else uses; to be closed by the caller. */
  newSessionsFor(target: Target): Http2Sessions;
  /** What secures a connection to a target; null for plain ones. Throws `upstream_tls_failed`. */
  secureContextFor(target: Target): SecureContext | null;
  close(): void;
}

/** Makes a pool; nothing is connected yet. `now` is milliseconds of a steady clock. */
export function createPool(
  upstream: Upstream,
  bundle: TrustBundle | undefined,
  certificate: ClientCertificate | undefined,
  options: {
    readonly guard: AddressGuard;
    now(): number;
    /** True for targets that are left out while there are others. */
    readonly isUnhealthy?: ((target: Target) => boolean) | undefined;
  },
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
  const secureContextFor = (target: Target) => (target.protocol === 'https' ? secureContext() : null);
  const newSessionsFor = (target: Target) =>
    createHttp2Sessions({
      target,
      secureContext: secureContextFor(target),
      connectMs: upstream.connectMs,
      guard: options.guard,
    });
  const agents = new Map<string, HttpAgent>();
  const sessions = new Map<Target, Http2Sessions>();
  return {
    upstream,
    bundle,
    certificate,
    balancer: createBalancer(upstream.targets, options.now, options.isUnhealthy),
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
        all = newSessionsFor(target);
        sessions.set(target, all);
      }
      return all;
    },
    newSessionsFor,
    secureContextFor,
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
