import { PosternError } from '@postern/contracts/plain';
import type { RequestLoad } from '../http/handle-request.ts';
import type { WorkerMetrics } from '../metrics.ts';
import type { LoadMonitor } from './load-monitor.ts';

/** Counts the requests under way; has the monitor's refusals counted, and answered with 503 and Retry-After. */
export class RequestsUnderWay implements RequestLoad {
  readonly #monitor: LoadMonitor;
  readonly #metrics: Pick<WorkerMetrics, 'shed'>;
  readonly #retryAfterSeconds: number;
  #count = 0;

  constructor(monitor: LoadMonitor, metrics: Pick<WorkerMetrics, 'shed'>, retryAfterSeconds: number) {
    this.#monitor = monitor;
    this.#metrics = metrics;
    this.#retryAfterSeconds = retryAfterSeconds;
  }

  get count(): number {
    return this.#count;
  }

  begin(): PosternError | null {
    this.#count += 1;
    const reason = this.#monitor.begin();
    if (reason === null) return null;
    this.#metrics.shed.inc({ reason });
    return new PosternError('unavailable', {
      detail: 'The edge has more to do than it can at the moment.',
      retryAfterSeconds: this.#retryAfterSeconds,
    });
  }

  end(): void {
    this.#count -= 1;
    this.#monitor.end();
  }
}
