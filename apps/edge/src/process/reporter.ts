import type { Cursor, EdgeReport, Log } from '@postern/contracts';
import type { ClosedHost } from '../hosts/host-table.ts';
import { EDGE_LIMITS } from '../limits.ts';

/** Milliseconds between two reports when nothing changes; the API takes an edge that is silent for longer as gone. */
const EVERY_MS = 10_000;
const TIMEOUT_MS = 5_000;
/** Milliseconds after a report that failed. */
const RETRY_MS = 1_000;

interface ReporterOptions {
  /** Address of the API, without a slash at its end. */
  readonly apiUrl: string;
  readonly edge: string;
  /** The token as its file holds it now; null while there is none. */
  readonly token: () => string | null;
  /** What to report; null while there is nothing to say. */
  readonly state: () => { applied: Cursor; closedHosts: readonly ClosedHost[] } | null;
  readonly log: Log;
}

/** Tells the API how far this edge is: at once when that changes (one report at a time), and now and then otherwise. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #stop = new AbortController();
  #sent = '';
  #busy = false;
  #failing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#wait(EVERY_MS);
  }

  /** Something may have changed. */
  notify(): void {
    if (this.#busy || this.#failing) return;
    const body = this.#body();
    if (body !== null && body !== this.#sent) void this.#send(body);
  }

  /** Reports now, even what was reported before. */
  renew(): void {
    this.#sent = '';
    this.#failing = false;
    this.notify();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
  }

  #body(): string | null {
    const state = this.#options.state();
    if (state === null) return null;
    const report: EdgeReport = {
      edge: this.#options.edge,
      epoch: state.applied.epoch,
      appliedRevision: state.applied.revision,
      closedHosts: state.closedHosts
        .slice(0, EDGE_LIMITS.reportedHostsMax)
        .map(({ host, reason, message }) => ({ host, reason, message })),
    };
    return JSON.stringify(report);
  }

  async #send(body: string): Promise<void> {
    this.#busy = true;
    const problem = await this.#post(body);
    this.#busy = false;
    if (this.#stop.signal.aborted) return;
    if (problem !== null && !this.#failing)
      this.#options.log.warn({ reason: problem }, 'the API does not take reports');
    this.#failing = problem !== null;
    this.#sent = problem === null ? body : '';
    this.#wait(problem === null ? EVERY_MS : RETRY_MS);
    // What changed while the report was on its way.
    this.notify();
  }

  async #post(body: string): Promise<string | null> {
    const token = this.#options.token();
    if (token === null) return 'there is no token yet';
    try {
      const response = await fetch(`${this.#options.apiUrl}/v1/reports`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body,
        redirect: 'error',
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      return response.ok ? null : `the API answered ${response.status}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #wait(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      const body = this.#busy ? null : this.#body();
      if (body === null) this.#wait(delayMs);
      else void this.#send(body);
    }, delayMs);
    this.#timer.unref();
  }
}
