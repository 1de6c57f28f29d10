import { calm } from './error-codes.ts';
import { FrameBudget } from './frame-budget.ts';
import type { Http2Limits } from './http2-limits.ts';

/** WINDOW_UPDATE frames that a frame of content is worth; a client needs two at most, and Envoy allows as many. */
const UPDATES_PER_FRAME = 10;
/** Bytes of content in a frame, below which it is worth nothing while more of it waits. */
const DROP_BYTES = 1_024;

/** What the other side has done that costs more than it pays; each count throws ENHANCE_YOUR_CALM where it was too much. */
export class PeerAccount {
  readonly #malformedMax: number;
  readonly #resets: FrameBudget;
  readonly #controls: FrameBudget;
  readonly #updates: FrameBudget;
  #malformed = 0;

  /** `now`: milliseconds of a steady clock. */
  constructor(limits: Http2Limits, now: () => number) {
    this.#malformedMax = limits.malformedMax;
    this.#resets = new FrameBudget(limits.resetBurst, limits.resetsPerSecond, now);
    this.#controls = new FrameBudget(limits.controlBurst, limits.controlsPerSecond, now);
    this.#updates = new FrameBudget(limits.updateBurst, limits.controlsPerSecond, now);
  }

  /** A stream ends by a reset in consequence of what the other side does. */
  countReset(): void {
    if (!this.#resets.take()) throw calm('too many streams were reset');
  }

  /** A frame has come that brings nothing. */
  countControl(): void {
    if (!this.#controls.take()) throw calm('too many frames that bring nothing');
  }

  /** WINDOW_UPDATE has come. */
  countUpdate(): void {
    if (!this.#updates.take()) throw calm('too many WINDOW_UPDATE frames');
  }

  /** A malformed message has come. */
  countMalformed(): void {
    this.#malformed += 1;
    if (this.#malformed > this.#malformedMax) throw calm('too many malformed messages');
  }

  /** A frame of content was sent; what the other side lets through in drops is worth nothing to it (CVE-2019-9511). */
  sent(bytes: number, hasMore: boolean): void {
    if (bytes === 0 || (bytes < DROP_BYTES && hasMore)) return;
    this.#controls.give(1);
    this.#updates.give(UPDATES_PER_FRAME);
  }
}
