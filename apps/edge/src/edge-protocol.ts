import type { ListenAddress } from '@postern/runtime';
import { createAccessLog } from './http/access-log.ts';
import { createServeProtocol } from './http/serve.ts';
import type { WorkerMetrics } from './metrics.ts';
import type { TargetStates } from './upstream/health/target-states.ts';
import type { EdgeProtocol, ProtocolContext } from './worker.ts';

interface EdgeProtocolSettings {
  /** `json` (stdout), `off`, or a file. */
  readonly accessLog: string;
  readonly publicHttpsPort: number;
  /** Where Postern itself listens; never an upstream. */
  readonly ownListeners: readonly ListenAddress[];
}

/** HTTP as a worker serves it, counted and logged; `targets` is what health checks have found. */
export function createEdgeProtocol(
  context: ProtocolContext,
  settings: EdgeProtocolSettings,
  targets: TargetStates,
): EdgeProtocol {
  const { hosts, challenges, ledger, metrics, log, identityTokens, load, onFlood } = context;
  const accessLog = createAccessLog(settings.accessLog);
  const ownListeners = settings.ownListeners.map(({ host, port }) => ({ address: host, port }));
  const http = createServeProtocol({
    hosts,
    challenges,
    log,
    ledger,
    load,
    onFlood,
    accessLog,
    identityTokens,
    publicHttpsPort: settings.publicHttpsPort,
    onFinished: ({ status, code }) => count(metrics, status, code),
    ownListeners: () => ownListeners,
    getTrustBundle: (id) => hosts.getTrustBundle(id),
    getCertificate: (id) => hosts.getCertificate(id),
    unhealthyTargets: (service, upstream) => targets.unhealthyTargets(service, upstream),
    now: Date.now,
  });
  return {
    serve: http.serve,
    serveRefusal: (connection, refusal) => http.serveRefusal(connection, refusal),
    servePlain: (socket) => http.servePlain(socket),
    close: () => http.close(),
    async flush() {
      await http.flush();
      await accessLog.close();
    },
  };
}

function count(metrics: WorkerMetrics, status: number, code: string | null): void {
  metrics.requests.note(status);
  if (code?.startsWith('upstream_') === true) metrics.upstreamErrors.inc({ code });
}
