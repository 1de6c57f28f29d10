import type { Duplex } from 'node:stream';
import { destroyAfter } from '../destroy-after.ts';
import { HTTP_LIMITS } from './http-limits.ts';

/** Says goodbye, reads what still comes so that no reset overtakes it, and is gone after HTTP_LIMITS.drainMs. */
export function endGently(socket: Duplex): void {
  if (socket.destroyed) return;
  socket.end();
  socket.resume();
  destroyAfter(socket, HTTP_LIMITS.drainMs);
}
