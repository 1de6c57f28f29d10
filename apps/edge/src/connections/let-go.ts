import type { Duplex } from 'node:stream';

/**
 * Takes every listener off a socket once it has closed. Node's writable state holds its socket by a function literal that it assigns to a
 * property: V8 makes such ones old at once, as if they were methods, so that all that hangs on a closed socket would stay until the whole heap
 * is collected.
 */
export function letGoOnceClosed(socket: Duplex): void {
  socket.on('close', letGo);
}

/** One for all sockets. Who else listens to 'close' still hears of it: they are called from a copy of the list. */
function letGo(this: Duplex): void {
  this.removeAllListeners();
  this.on('error', ignoreError);
}

/** Each error of a socket ends with 'close', which everything follows. */
export function ignoreError(): void {}
