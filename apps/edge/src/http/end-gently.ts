import type { Duplex } from 'node:stream';
import { Deadline } from '../deadlines.ts';
import { HTTP_LIMITS } from './http-limits.ts';

/** Says goodbye, reads what still comes so that no reset overtakes it, and is gone after HTTP_LIMITS.drainMs. */
export function endGently(socket: Duplex): void {
  if (socket.destroyed) return;
  socket.end();
  socket.resume();
  // Most are gone at once: what is not cancelled would keep each of them, with all that hangs on it, until it has grown old.
  const deadline = new Deadline(HTTP_LIMITS.drainMs, () => socket.destroy());
  socket.once('close', () => deadline.cancel());
}
