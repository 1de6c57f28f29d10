import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Cursor,
  type EdgeReport,
  type Log,
  readWire,
  type TargetsReport,
} from '@postern/contracts/plain';
import type { ClosedHost } from '../hosts/host-entry.ts';
import { EDGE_LIMITS } from '../limits.ts';
import type { TargetLog } from './target-log.ts';

/** Milliseconds between two reports when nothing changes; the API takes an edge that is silent for longer as gone. */
const EVERY_MS = 10_000;
const TIMEOUT_MS = 5_000;
/** Milliseconds after a report in which news are gathered: many writes in a row cost the API twenty reports a second, not one each. */
const PAUSE_MS = 50;
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
  readonly targets: TargetLog;
  /** Resolves with true when the API knows of every client that was seen before the call. */
  readonly deliverSightings: () => Promise<boolean>;
  readonly log: Log;
}

/** What one report says, beside the list of targets, and the part of that list. */
interface Draft {
  readonly said: string;
  readonly targets: TargetsReport | null;
  readonly body: string;
}

/** Tells the API how far this edge is: at once when that changes (one report at a time, and a pause between two), and now and then otherwise. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #stop = new AbortController();
  /** What was said last; null: nothing. */
  #said: string | null = null;
  /** By the API's clock, in milliseconds since 1970: of whom the edge saw until then it knows; null: nobody asked. */
  #sightingsUpTo: number | null = null;
  #delivering = false;
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
    const draft = this.#draft();
    if (draft !== null && (draft.said !== this.#said || this.#options.targets.hasNews))
      void this.#send(draft);
  }

  /** Reports now, even what was reported before. */
  renew(): void {
    this.#said = null;
    this.#failing = false;
    this.notify();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
  }

  #draft(): Draft | null {
    const state = this.#options.state();
    if (state === null) return null;
    const report: EdgeReport = {
      edge: this.#options.edge,
      epoch: state.applied.epoch,
      appliedRevision: state.applied.revision,
      closedHosts: state.closedHosts
        .slice(0, EDGE_LIMITS.reportedHostsMax)
        .map(({ host, reason, message }) => ({ host, reason, message })),
      ...(this.#sightingsUpTo === null ? {} : { sightingsUpTo: this.#sightingsUpTo }),
    };
    const targets = this.#options.targets.next();
    const said = JSON.stringify(report);
    return { said, targets, body: targets === null ? said : JSON.stringify({ ...report, targets }) };
  }

  async #send({ said, targets, body }: Draft): Promise<void> {
    this.#busy = true;
    const problem = await this.#post(body, targets);
    if (this.#stop.signal.aborted) return;
    if (problem !== null && !this.#failing)
      this.#options.log.warn({ reason: problem }, 'the API does not take reports');
    this.#failing = problem !== null;
    this.#said = problem === null ? said : null;
    this.#wait(problem === null ? EVERY_MS : RETRY_MS);
    await sleep(PAUSE_MS, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
    if (this.#stop.signal.aborted) return;
    this.#busy = false;
    // What changed since the report was written.
    this.notify();
  }

  async #post(body: string, targets: TargetsReport | null): Promise<string | null> {
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
      if (!response.ok) {
        await response.body?.cancel();
        return `the API answered ${response.status}`;
      }
      const answer = readWire('reportAnswer', response.status === 204 ? undefined : await response.json());
      const wanted = answer?.sightingsWanted;
      if (wanted !== undefined) void this.#deliverSightings(wanted);
      if (targets === null) return null;
      const upTo = answer?.targetsUpTo ?? targets.after;
      this.#options.targets.acknowledge(upTo);
      // An API that started anew knows nothing; waiting for the next turn keeps one that never learns from being flooded.
      return upTo > targets.after || targets.changed.length === 0
        ? null
        : 'the API lost the list of targets; it is sent again';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Tells in a report of its own when whom the edge has seen until `upTo` is known. */
  async #deliverSightings(upTo: number): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    const isDelivered = await this.#options.deliverSightings();
    this.#delivering = false;
    if (!isDelivered) return;
    this.#sightingsUpTo = upTo;
    this.notify();
  }

  #wait(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      const draft = this.#busy ? null : this.#draft();
      if (draft === null) this.#wait(delayMs);
      else void this.#send(draft);
    }, delayMs);
    this.#timer.unref();
  }
}
