import { deadlines, Timed } from '../deadlines.ts';

export interface BodyPaceOptions {
  /** Bytes per second that the client must bring on its turns. */
  readonly bytesPerSecondMin: number;
  /** Milliseconds that it may lag behind at the beginning. */
  readonly graceMs: number;
  /** Milliseconds that either side may pause, however much it has brought before. */
  readonly idleMs: number;
  /** Called once, when a side has used up its time. */
  readonly onSlow: (who: 'client' | 'upstream') => void;
}

/**
 * Measures who keeps a request body waiting; nothing until a turn is given. The client's time is an allowance: its turns use it up, each
 * byte adds to it by the minimum rate, and it never grows over the idle time. So a body that came fast may pause, and one that drips in
 * is ended early.
 */
export class BodyPace extends Timed {
  readonly #idleMs: number;
  readonly #msPerByte: number;
  readonly #onSlow: (who: 'client' | 'upstream') => void;
  #allowanceMs: number;
  #turn: 'client' | 'upstream' = 'upstream';
  #since = 0;
  #isStopped = false;

  constructor({ bytesPerSecondMin, graceMs, idleMs, onSlow }: BodyPaceOptions) {
    super();
    this.#idleMs = idleMs;
    this.#msPerByte = 1000 / bytesPerSecondMin;
    this.#onSlow = onSlow;
    this.#allowanceMs = Math.min(graceMs, idleMs);
  }

  /** The edge is ready to read: what does not come now is the client's doing. */
  clientsTurn(): void {
    this.#give('client', 0);
  }

  /** The upstream takes no more, or has not asked for the body yet: the client's time stands still. */
  upstreamsTurn(): void {
    this.#give('upstream', 0);
  }

  /** Bytes came; it is the client's turn again. */
  received(bytes: number): void {
    this.#give('client', bytes);
  }

  /** Ends it for good. */
  stop(): void {
    this.#isStopped = true;
    deadlines.forget(this);
  }

  onDeadline(): void {
    this.stop();
    this.#onSlow(this.#turn);
  }

  #give(turn: 'client' | 'upstream', bytes: number): void {
    if (this.#isStopped) return;
    const now = performance.now();
    if (this.#turn === 'client') this.#allowanceMs -= now - this.#since;
    this.#allowanceMs = Math.min(this.#idleMs, this.#allowanceMs + bytes * this.#msPerByte);
    this.#turn = turn;
    this.#since = now;
    this.dueAt(now + (turn === 'client' ? this.#allowanceMs : this.#idleMs));
    deadlines.watch(this);
  }
}
