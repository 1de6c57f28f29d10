import type { Duplex } from 'node:stream';

/** Of a connection: bytes that Node was given for it, and those of them that wait until the system takes more. */
interface Connected {
  readonly bytesWritten?: unknown;
  readonly writeQueueSize?: unknown;
}

/** What Node keeps of a socket, and of what TLS is laid upon. */
interface Internals {
  readonly _handle?: (Connected & { readonly _parent?: Connected }) | null;
}

/**
 * A number that grows with each byte that leaves for the other side of a socket, and stands still while it takes nothing: of one long write as
 * well, as its parts leave. Where this Node does not tell of parts it grows by whole writes.
 */
export function sentBytes(socket: Duplex): number {
  const handle = (socket as unknown as Internals)._handle;
  const { bytesWritten, writeQueueSize } = handle?._parent ?? handle ?? {};
  return typeof bytesWritten === 'number' && typeof writeQueueSize === 'number'
    ? bytesWritten - writeQueueSize
    : -socket.writableLength;
}
