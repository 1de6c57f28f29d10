import type { Duplex } from 'node:stream';
import { Deadline } from './deadlines.ts';

/** Destroys a socket that has not closed by itself in so many milliseconds. */
export function destroyAfter(socket: Duplex, ms: number): void {
  if (socket.destroyed) return;
  // Most are gone at once: what is not cancelled would keep each of them, with all that hangs on it, until it has grown old.
  const deadline = new Deadline(ms, () => socket.destroy());
  socket.once('close', () => deadline.cancel());
}
