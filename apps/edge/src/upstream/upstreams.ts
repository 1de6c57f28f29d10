import type { Upstream } from '@postern/contracts';
import type { UpstreamRequest } from './attempt.ts';
import { createPools, type PoolsOptions } from './pools.ts';
import { type CallEvents, UpstreamCall } from './upstream-call.ts';

/** Connections to all services, pooled by service version: a changed target, CA or certificate never meets an old connection. */
export interface Upstreams {
  /** Prepares an exchange; nothing is sent before its `start`. Throws `upstream_tls_failed` where the service cannot be connected to. */
  call(service: string, upstream: Upstream, request: UpstreamRequest, events: CallEvents): UpstreamCall;
  close(): void;
}

/** Makes the upstream half of a worker. */
export function createUpstreams(options: PoolsOptions): Upstreams {
  const pools = createPools(options);
  const { guard } = options;
  return {
    call: (service, upstream, request, events) =>
      new UpstreamCall(pools.of(service, upstream), guard, request, events),
    close() {
      pools.close();
    },
  };
}
