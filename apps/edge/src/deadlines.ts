import { type Member, Roster } from './roster.ts';

/** Milliseconds by which a deadline may be overrun, twice where it is postponed: one timer looks at all of them, none is set for each request. */
const LOOK_EVERY_MS = 100;
/** Of a `Watched` whose deadline is set. */
export const NO_WAIT = -1;

/** What must not take longer than it may. */
export interface Watched extends Member {
  /** Milliseconds of performance.now(); Infinity: never. */
  deadline: number;
  /** Milliseconds from the next look to the deadline; NO_WAIT: it is set already. */
  waitMs: number;
  /** Called at each look behind the deadline, until it is moved or forgotten. */
  onDeadline(now: number): void;
}

/** The same to extend. What each request makes is a `Watched` of its own: a constructor above another one costs more than all its fields. */
export abstract class Timed implements Watched {
  declare deadline: number;
  declare waitMs: number;
  declare place: number;

  /** Written out, since there is one for each connection: beginnings of the fields themselves would more than double what one costs. */
  constructor() {
    this.deadline = Number.POSITIVE_INFINITY;
    this.waitMs = NO_WAIT;
    this.place = -1;
  }

  /** Milliseconds of performance.now(); Infinity: never. */
  dueAt(time: number): void {
    this.waitMs = NO_WAIT;
    this.deadline = time;
  }

  /** Puts the deadline that many milliseconds behind the next look: who does so all the time need not ask for the time. */
  postpone(ms: number): void {
    this.waitMs = ms;
  }

  abstract onDeadline(now: number): void;
}

/** Looks after deadlines that move often and are seldom reached. */
class Deadlines {
  readonly #watched = new Roster<Watched>();
  #timer: NodeJS.Timeout | null = null;

  watch(timed: Watched): void {
    this.#watched.add(timed);
    this.#timer ??= setInterval(this.#lookBehindReads, LOOK_EVERY_MS).unref();
  }

  forget(timed: Watched): void {
    this.#watched.delete(timed);
  }

  /**
   * Behind what waits to be read: a process that was stopped for a while finds its clients' bytes and their deadlines at once. Late is
   * who was so before that was read, in which it may be stopped as well.
   */
  readonly #lookBehindReads = (): void => {
    const readFrom = performance.now();
    setImmediate(() => this.#look(readFrom));
  };

  #look(readFrom: number): void {
    const now = performance.now();
    this.#watched.forEach((timed) => {
      if (timed.waitMs !== NO_WAIT) {
        timed.deadline = now + timed.waitMs;
        timed.waitMs = NO_WAIT;
      } else if (timed.deadline <= readFrom) timed.onDeadline(now);
    });
    if (this.#watched.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

/** Those of this process. */
export const deadlines = new Deadlines();

/** Calls back once when so many milliseconds have passed, unless it is cancelled: a timer for what each connection sets and hardly any reaches. */
export class Deadline extends Timed {
  readonly #onReached: () => void;

  constructor(ms: number, onReached: () => void) {
    super();
    this.#onReached = onReached;
    this.dueAt(performance.now() + ms);
    deadlines.watch(this);
  }

  cancel(): void {
    deadlines.forget(this);
  }

  onDeadline(): void {
    this.cancel();
    this.#onReached();
  }
}
