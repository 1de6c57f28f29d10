import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerReport, Log } from '@postern/contracts';
import { LEDGER_LIMITS } from '../ledger/ledger-limits.ts';
import type { LedgerLog } from './ledger-log.ts';

const TIMEOUT_MS = 5_000;
/** Milliseconds after a report that failed. */
const RETRY_MS = 1_000;
/** Answers to a report that will be the same each time. */
const UNACCEPTABLE = [400, 413, 422];
/** Milliseconds in which the API must have what there is when somebody waits for it, and between looks. */
const DELIVERY_MS = 10_000;
const LOOK_MS = 50;
/** Milliseconds for the last report of an edge that stops. */
const LAST_MS = 2_000;

interface LedgerReporterOptions {
  /** Address of the API, without a slash at its end. */
  readonly apiUrl: string;
  readonly edge: string;
  /** The token as its file holds it now; null while there is none. */
  readonly token: () => string | null;
  readonly ledger: LedgerLog;
  readonly log: Log;
}

/** Tells the API whom the edge refused and saw, soon after it happens; while the API is away it tries every second. */
export class LedgerReporter {
  readonly #options: LedgerReporterOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #failing = false;

  constructor(options: LedgerReporterOptions) {
    this.#options = options;
  }

  /** Something may be new. */
  notify(): void {
    if (this.#running !== undefined || this.#stop.signal.aborted || !this.#options.ledger.hasNews) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // What came between the last look and the end.
      this.notify();
    });
  }

  /** Resolves with true when the API has every sighting that there is now; with false when that takes too long. */
  async deliverSightings(): Promise<boolean> {
    const { isDelivered, end } = this.#options.ledger.markSightings();
    const deadline = performance.now() + DELIVERY_MS;
    try {
      while (!isDelivered() && performance.now() < deadline && !this.#stop.signal.aborted) {
        this.notify();
        await sleep(LOOK_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      }
      return isDelivered();
    } finally {
      end();
    }
  }

  /** Stops, after a last attempt to tell what is still to be told. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    const deadline = AbortSignal.timeout(LAST_MS);
    while (this.#options.ledger.hasNews && !this.#failing && !deadline.aborted) {
      if ((await this.#send(deadline)) !== null) return;
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && this.#options.ledger.hasNews) {
      const problem = await this.#send(signal);
      if (signal.aborted) return;
      if (problem !== null && !this.#failing)
        this.#options.log.warn(
          { reason: problem },
          'the API does not take refusals and sightings; they are kept',
        );
      this.#failing = problem !== null;
      const pauseMs = problem === null ? LEDGER_LIMITS.reportMs : RETRY_MS;
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #send(signal: AbortSignal): Promise<string | null> {
    const { apiUrl, edge, ledger } = this.#options;
    const token = this.#options.token();
    if (token === null) return 'there is no token yet';
    const draft = ledger.next();
    const report: LedgerReport = { edge, ...draft };
    try {
      const response = await fetch(`${apiUrl}/v1/ledger`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(report),
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      if (UNACCEPTABLE.includes(response.status)) ledger.discard(draft);
      if (!response.ok) return `the API answered ${response.status}`;
      ledger.acknowledge(draft);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
