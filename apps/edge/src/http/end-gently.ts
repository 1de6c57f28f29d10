import type { Duplex } from 'node:stream';
import { deadlines, Timed } from '../deadlines.ts';
import { HTTP_LIMITS } from './http-limits.ts';

/** Says goodbye, reads what still comes so that no reset overtakes it, and is gone after HTTP_LIMITS.drainMs. */
export function endGently(socket: Duplex): void {
  if (socket.destroyed) return;
  socket.end();
  socket.resume();
  const goodbye = new Goodbye(socket);
  goodbye.dueAt(performance.now() + HTTP_LIMITS.drainMs);
  deadlines.watch(goodbye);
  // Most are gone at once: a timer would keep each of them, with all that hangs on it, until it has grown old.
  socket.once('close', () => deadlines.forget(goodbye));
}

class Goodbye extends Timed {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    super();
    this.#socket = socket;
  }

  onDeadline(): void {
    this.#socket.destroy();
  }
}
