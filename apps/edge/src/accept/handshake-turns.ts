import { networkOf } from './address-load.ts';

/**
 * Lets so many handshakes begin in one turn of the event loop, so that what open connections ask for is served between them. Who has to
 * wait is taken by address in turn: a storm from one delays nobody else's handshake by more than one of its own.
 */
export class HandshakeTurns {
  readonly #perTurnMax: number;
  #begun = 0;
  #nextTurn: NodeJS.Immediate | undefined;
  /** By address, which stand in the order in which they are taken. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(perTurnMax: number) {
    this.#perTurnMax = perTurnMax;
  }

  /** Undefined: a handshake of the client may begin now; else it may when the promise resolves. */
  take(address: string): Promise<void> | undefined {
    this.#nextTurn ??= setImmediate(() => this.#turn());
    if (this.#begun < this.#perTurnMax && this.#waiting.size === 0) {
      this.#begun += 1;
      return undefined;
    }
    const key = networkOf(address);
    return new Promise((resolve) => {
      const others = this.#waiting.get(key);
      if (others === undefined) this.#waiting.set(key, [resolve]);
      else others.push(resolve);
    });
  }

  #turn(): void {
    this.#nextTurn = undefined;
    this.#begun = 0;
    for (const [address, waiting] of this.#waiting) {
      if (this.#begun === this.#perTurnMax) break;
      this.#begun += 1;
      waiting.shift()?.();
      this.#waiting.delete(address);
      // Behind the other addresses; this very loop comes to it again where there is room.
      if (waiting.length > 0) this.#waiting.set(address, waiting);
    }
    if (this.#begun > 0) this.#nextTurn = setImmediate(() => this.#turn());
  }
}
