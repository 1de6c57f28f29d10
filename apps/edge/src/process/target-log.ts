import { randomUUID } from 'node:crypto';
import { REPORTED_TARGETS_MAX, type TargetReport, type TargetsReport } from '@postern/contracts/plain';

/**
 * The targets that an edge checks, every change under a number, so that reports carry what the API does not have yet.
 * One run of the edge; lives in the supervisor, and so longer than the worker that checks.
 */
export class TargetLog {
  readonly #run = randomUUID();
  /** Ordered by number, for a changed entry goes to the end. */
  readonly #entries = new Map<string, { readonly number: number; readonly report: TargetReport }>();
  #number = 0;
  #acknowledged = 0;

  /** Takes what has changed. */
  apply(changed: readonly TargetReport[]): void {
    for (const report of changed) {
      this.#number += 1;
      this.#entries.delete(report.id);
      this.#entries.set(report.id, { number: this.#number, report });
    }
  }

  /** Every target that is checked now. */
  list(): TargetReport[] {
    return [...this.#entries.values()].flatMap(({ report }) => (report.state === 'gone' ? [] : [report]));
  }

  /** True while the API lacks something. */
  get hasNews(): boolean {
    return this.#acknowledged < this.#number;
  }

  /** The next part for a report; null when nothing has ever been checked. */
  next(): TargetsReport | null {
    if (this.#number === 0) return null;
    const after = this.#acknowledged;
    const rest = this.hasNews ? [...this.#entries.values()].filter(({ number }) => number > after) : [];
    const part = rest.slice(0, REPORTED_TARGETS_MAX);
    const upTo = part.length < rest.length ? (part.at(-1)?.number ?? after) : this.#number;
    return { run: this.#run, after, upTo, changed: part.map(({ report }) => report) };
  }

  /** The API has everything up to a number of this run; what it has lost is sent again. */
  acknowledge(upTo: number): void {
    this.#acknowledged = Math.min(upTo, this.#number);
    for (const [id, { number, report }] of this.#entries)
      if (report.state === 'gone' && number <= this.#acknowledged) this.#entries.delete(id);
  }
}
