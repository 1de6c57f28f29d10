/** Milliseconds by which a deadline may be overrun: one timer looks at all of them, none is set for each request. */
const LOOK_EVERY_MS = 100;

/** What must not take longer than it may. */
export abstract class Timed {
  /** Milliseconds of performance.now(); Infinity: never. */
  deadline = Number.POSITIVE_INFINITY;
  /** Where it stands in the list of those watched; -1: it is not. */
  place = -1;
  /** Called at each look behind the deadline, until it is moved or forgotten. */
  abstract onDeadline(now: number): void;
}

/**
 * Looks after deadlines that move often and are seldom reached. A list and no Set: a Set that members enter and leave with every request
 * leaves its outgrown tables behind, each of which keeps its members and the next table until the old heap is collected.
 */
class Deadlines {
  readonly #watched: Timed[] = [];
  #timer: NodeJS.Timeout | null = null;

  watch(timed: Timed): void {
    if (timed.place >= 0) return;
    timed.place = this.#watched.push(timed) - 1;
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  forget(timed: Timed): void {
    const { place } = timed;
    if (place < 0) return;
    timed.place = -1;
    const last = this.#watched.pop();
    if (last === undefined || last === timed) return;
    this.#watched[place] = last;
    last.place = place;
  }

  #look(): void {
    const now = performance.now();
    // From the end: whoever takes the place of one that leaves has been looked at.
    for (let place = this.#watched.length - 1; place >= 0; place -= 1) {
      const timed = this.#watched[place];
      if (timed !== undefined && timed.deadline <= now) timed.onDeadline(now);
    }
    if (this.#watched.length > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

/** Those of this process. */
export const deadlines = new Deadlines();
