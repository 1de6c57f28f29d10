import { Counter, Gauge, Registry } from './metric-classes.ts';

/** What one worker counts; the supervisor adds the workers up. */
export interface WorkerMetrics {
  readonly registry: Registry;
  /** Accepted sockets that are open. */
  readonly connections: Gauge;
  /** Ends of handshakes by result (done, refused, failed) and reason. */
  readonly handshakes: Counter<'result' | 'reason'>;
  /** Answered requests. */
  readonly requests: RequestCount;
  /** Requests that were answered with 503 because the worker had too much to do, by reason. */
  readonly shed: Counter<'reason'>;
  /** Problems that upstreams caused, by problem code. */
  readonly upstreamErrors: Counter<'code'>;
}

/** Counts requests by class of status (2xx): as plain numbers until somebody asks, since each look at a label costs every request. */
export class RequestCount {
  /** By the first digit of the status; 0: ended without an answer. */
  readonly #fresh = [0, 0, 0, 0, 0, 0];

  constructor(registers: Registry[]) {
    const fresh = this.#fresh;
    new Counter({
      name: 'postern_edge_requests_total',
      help: 'Answered requests by class of status',
      labelNames: ['status'],
      registers,
      collect() {
        for (const [digit, requests] of fresh.entries()) {
          if (requests > 0) this.inc({ status: digit === 0 ? 'aborted' : `${digit}xx` }, requests);
          fresh[digit] = 0;
        }
      },
    });
  }

  note(status: number): void {
    const digit = Math.floor(status / 100);
    this.#fresh[digit] = (this.#fresh[digit] ?? 0) + 1;
  }
}

/** Makes a registry of its own, so that several workers can live in one process. */
export function createWorkerMetrics(): WorkerMetrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    connections: new Gauge({
      name: 'postern_edge_connections',
      help: 'Open connections',
      registers,
    }),
    handshakes: new Counter({
      name: 'postern_edge_handshakes_total',
      help: 'Handshakes by result and reason',
      labelNames: ['result', 'reason'],
      registers,
    }),
    requests: new RequestCount(registers),
    shed: new Counter({
      name: 'postern_edge_shed_requests_total',
      help: 'Requests refused because of overload, by reason',
      labelNames: ['reason'],
      registers,
    }),
    upstreamErrors: new Counter({
      name: 'postern_edge_upstream_errors_total',
      help: 'Problems that upstreams caused, by code',
      labelNames: ['code'],
      registers,
    }),
  };
}
