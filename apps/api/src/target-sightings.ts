import { CHECKED_TARGETS_MAX, type TargetReport, type TargetsReport } from '@postern/contracts';

/** What one edge has reported of the targets it checks: sightings, in memory alone, whole again soon after a restart. */
export class TargetSightings {
  #run = '';
  #upTo = 0;
  #size = 0;
  readonly #services = new Map<string, Map<string, TargetReport>>();

  /** Takes a part of the edge's list where it continues what is known; gives the number up to which it is known now. */
  take(report: TargetsReport): number {
    if (report.run !== this.#run && report.after === 0) {
      this.clear();
      this.#run = report.run;
    }
    if (report.run !== this.#run) return 0;
    // What does not join what is known is sent again from there.
    if (report.after > this.#upTo || report.upTo < this.#upTo) return this.#upTo;
    for (const target of report.changed) this.#put(target);
    this.#upTo = report.upTo;
    return this.#upTo;
  }

  /** Forgets everything: the edge checks no target. */
  clear(): void {
    this.#run = '';
    this.#upTo = 0;
    this.#size = 0;
    this.#services.clear();
  }

  /** The targets of `PROJECT/NAME` that the edge checks. */
  ofService(service: string): readonly TargetReport[] {
    return [...(this.#services.get(service)?.values() ?? [])];
  }

  #put(target: TargetReport): void {
    const known = this.#services.get(target.service);
    const isGone = target.state === 'gone';
    if (known?.delete(target.id) === true) this.#size -= 1;
    if (isGone && known?.size === 0) this.#services.delete(target.service);
    // No edge checks more; one that says so does not fill the memory.
    if (isGone || this.#size >= CHECKED_TARGETS_MAX) return;
    const targets = known ?? new Map<string, TargetReport>();
    targets.set(target.id, target);
    this.#services.set(target.service, targets);
    this.#size += 1;
  }
}
