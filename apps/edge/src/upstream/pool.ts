import { createSecureContext, type SecureContext } from 'node:tls';
import { PosternError, type Target, type TrustBundle, type Upstream } from '@postern/contracts/plain';
import type { AddressGuard } from './address-guard.ts';
import { type Balancer, createBalancer } from './balancer.ts';
import { createHttp1Connections, type Http1Connections } from './h1-connections.ts';
import { createHttp2Sessions, type Http2Sessions } from './h2-sessions.ts';

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
  connectionsFor(target: Target): Http1Connections;
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
  const connections = new Map<Target, Http1Connections>();
  const sessions = new Map<Target, Http2Sessions>();
  return {
    upstream,
    bundle,
    certificate,
    balancer: createBalancer(upstream.targets, options.now, options.isUnhealthy),
    connectionsFor(target) {
      let all = connections.get(target);
      if (all === undefined) {
        all = createHttp1Connections({
          target,
          secureContext: () => secureContextFor(target),
          connectMs: upstream.connectMs,
          guard: options.guard,
        });
        connections.set(target, all);
      }
      return all;
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
      for (const all of connections.values()) all.close();
      for (const all of sessions.values()) all.close();
    },
  };
}
