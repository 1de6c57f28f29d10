import { PosternError, type Target, type TrustBundle, type Upstream } from '@postern/contracts/plain';
import type { AddressGuard } from './address-guard.ts';
import { type ClientCertificate, createPool, type Pool } from './pool.ts';

/** Service versions remembered; the one unused for longest goes first, and its idle connections end by themselves. */
const POOLS_MAX = 2_000;

export interface PoolsOptions {
  readonly guard: AddressGuard;
  /** Present content of a trust bundle; undefined when unknown or unusable: its targets are then not connected to. */
  getTrustBundle(id: string): TrustBundle | undefined;
  /** Present content of a certificate; undefined as above. */
  getCertificate(id: string): ClientCertificate | undefined;
  /** Milliseconds of a steady clock. */
  now(): number;
  /** Tells which targets of a service the edge's own checks find unusable; undefined where nothing is checked. */
  unhealthyTargets?(service: string, upstream: Upstream): ((target: Target) => boolean) | undefined;
}

/** Connections by service version: a changed target, CA or certificate never meets an old connection. */
export interface Pools {
  /** Throws `upstream_tls_failed` when the CA or the certificate that the service names cannot be used. */
  of(service: string, upstream: Upstream): Pool;
  close(): void;
}

/** Keeps a pool for every service version in use. */
export function createPools(options: PoolsOptions): Pools {
  const pools = new Map<string, Pool>();
  /** A key is long, and looking it up costs less with the same string. */
  const keys = new WeakMap<Upstream, { readonly service: string; readonly key: string }>();
  const keyOf = (service: string, upstream: Upstream): string => {
    const known = keys.get(upstream);
    if (known?.service === service) return known.key;
    const key = `${service} ${JSON.stringify(upstream)}`;
    keys.set(upstream, { service, key });
    return key;
  };
  /** What was asked for last, for the next one to ask the same; null where other parts decide as well, or who came last must be told. */
  let lastUpstream: Upstream | null = null;
  let lastService = '';
  let lastPool: Pool | null = null;
  return {
    of(service, upstream) {
      if (lastPool !== null && lastUpstream === upstream && lastService === service) return lastPool;
      lastPool = null;
      const key = keyOf(service, upstream);
      const bundle = upstream.trustBundle === null ? undefined : options.getTrustBundle(upstream.trustBundle);
      const certificate =
        upstream.clientCertificate === null ? undefined : options.getCertificate(upstream.clientCertificate);
      if (upstream.trustBundle !== null && bundle === undefined) throw unusable('the CA');
      if (upstream.clientCertificate !== null && certificate === undefined)
        throw unusable('the client certificate');
      const known = pools.get(key);
      const same =
        known !== undefined &&
        known.bundle?.contentHash === bundle?.contentHash &&
        known.certificate?.chainPem === certificate?.chainPem &&
        known.certificate?.keyPem === certificate?.keyPem;
      // Who came last is told only while it matters who goes first.
      if (same && pools.size < POOLS_MAX / 2) {
        if (bundle === undefined && certificate === undefined) {
          lastUpstream = upstream;
          lastService = service;
          lastPool = known;
        }
        return known;
      }
      pools.delete(key);
      const pool = same
        ? known
        : createPool(upstream, bundle, certificate, {
            guard: options.guard,
            now: options.now,
            isUnhealthy: options.unhealthyTargets?.(service, upstream),
          });
      pools.set(key, pool);
      if (pools.size > POOLS_MAX) {
        const oldest = pools.keys().next().value;
        if (oldest !== undefined) pools.delete(oldest);
      }
      return pool;
    },
    close() {
      for (const pool of pools.values()) pool.close();
      pools.clear();
      lastPool = null;
    },
  };
}

function unusable(what: string): PosternError {
  return new PosternError('upstream_tls_failed', { detail: `${what} that the service names is not usable.` });
}
