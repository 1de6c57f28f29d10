import type { Log } from '@postern/contracts';

/** Milliseconds between two looks at memory and event loop. */
export const LOAD_CHECK_MS = 250;
/** Looks in a row that must come late: one long turn of the loop, or a machine that was busy elsewhere, is no overload. */
const LATE_LOOKS = 4;
/** Parts of the memory bound: from the first on requests are refused until it is below the second, from the third on connections too. */
const SHED_AT = 0.85;
const SERVE_AGAIN_AT = 0.8;
const FULL_AT = 0.95;
/** Milliseconds of refusing for memory after which it is not the load that holds it. */
const EXHAUSTED_AFTER_MS = 60_000;

/** Why requests are refused. */
export type ShedReason = 'memory' | 'event_loop' | 'requests';

/** What a process uses, in bytes. */
export interface MemoryReading {
  readonly rss: number;
  readonly heapUsed: number;
  readonly heapMax: number;
}

export interface LoadMonitorOptions {
  /** Bytes that the process may use; refusing begins below it. */
  readonly memoryBytes: number;
  /** Requests under way at once; more are refused. */
  readonly requestsMax: number;
  /** Milliseconds that the event loop may be late, look after look. */
  readonly lagMs: number;
  readonly readMemory: () => MemoryReading;
  /** Milliseconds, of a clock that only goes forward. */
  readonly now: () => number;
  readonly log: Log;
  /** Called once when refusing does not free memory. */
  readonly onExhausted: () => void;
}

/**
 * Says when a worker has more to do than it can: requests are then answered with 503, before memory or time run out, and
 * served again once there is room. `look` must be called every LOAD_CHECK_MS.
 */
export class LoadMonitor {
  readonly #options: LoadMonitorOptions;
  #requests = 0;
  #lookedAt: number;
  #lateLooks = 0;
  #memory: MemoryReading = { rss: 0, heapUsed: 0, heapMax: 1 };
  #memoryShare = 0;
  /** Since when requests are refused for memory. */
  #memorySince: number | null = null;
  #told: ShedReason | null = null;
  #exhausted = false;

  constructor(options: LoadMonitorOptions) {
    this.#options = options;
    this.#lookedAt = options.now();
  }

  /** Counts a request, until `end`; null where it may be served. */
  begin(): ShedReason | null {
    this.#requests += 1;
    if (this.#memorySince !== null) return 'memory';
    if (this.#lateLooks >= LATE_LOOKS) return 'event_loop';
    return this.#requests > this.#options.requestsMax ? 'requests' : null;
  }

  end(): void {
    this.#requests -= 1;
  }

  /** True where even a connection is too much. */
  get isFull(): boolean {
    return this.#memoryShare >= FULL_AT;
  }

  look(): void {
    const { memoryBytes, lagMs, now, log, onExhausted } = this.#options;
    const at = now();
    this.#lateLooks = at - this.#lookedAt - LOAD_CHECK_MS > lagMs ? this.#lateLooks + 1 : 0;
    this.#lookedAt = at;
    this.#readMemory();
    const { rss, heapUsed, heapMax } = this.#memory;
    this.#memoryShare = Math.max(rss / memoryBytes, heapUsed / heapMax);
    if (this.#memoryShare >= SHED_AT) this.#memorySince ??= at;
    else if (this.#memoryShare < SERVE_AGAIN_AT) this.#memorySince = null;
    const reason =
      this.#memorySince !== null ? 'memory' : this.#lateLooks >= LATE_LOOKS ? 'event_loop' : null;
    if (reason !== this.#told) {
      if (reason === null) log.info({}, 'requests are served again');
      else log.warn({ reason, rss, heapUsed, memoryBytes }, 'requests are refused: the worker is overloaded');
      this.#told = reason;
    }
    if (!this.#exhausted && this.#memorySince !== null && at - this.#memorySince >= EXHAUSTED_AFTER_MS) {
      this.#exhausted = true;
      onExhausted();
    }
  }

  /** Linux gives the size of a process by a file, which cannot be opened while no descriptor is left: what was read last then holds. */
  #readMemory(): void {
    try {
      this.#memory = this.#options.readMemory();
    } catch {}
  }
}
