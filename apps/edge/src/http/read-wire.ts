import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { LentViews } from '../lent-views.ts';
import { readInto } from '../user-buffer.ts';

/** What is read of the wire at once, by one connection after another: some four records. It is what still comes of a connection that is paused. */
const wire = Buffer.allocUnsafeSlow(64 * 1024);
const views = new LentViews(wire);

/** What Node keeps of a TLS socket: the one below it, and how bytes that were read before come to OpenSSL. */
interface Internals {
  readonly _parent?: unknown;
  readonly _handle: { receive?: (bytes: Buffer) => void } | null;
}

/**
 * Reads the wire of a TLS socket in large pieces and gives them to OpenSSL; for the socket nothing changes. Node itself reads into what
 * it has made of the first bytes that came, here a ClientHello read before, in turn with 16 KiB: two reads a record. It costs a small
 * request a call more. Where this Node has no such thing it reads on as before.
 */
export function readWire(socket: TLSSocket): void {
  const { _parent: raw, _handle: handle } = socket as unknown as Internals;
  if (!(raw instanceof Socket) || typeof handle?.receive !== 'function') return;
  // Let go of at the end: Node keeps closed sockets until the whole heap is collected.
  let secure: typeof handle | null = handle;
  const reads = readInto(raw, wire, (bytes) => {
    secure?.receive?.(views.of(bytes));
    return true;
  });
  if (!reads) return;
  // The end of the wire is heard of below TLS now; what TLS still writes must not be cut off by it.
  raw.allowHalfOpen = true;
  raw.once('end', () => {
    if (secure === null) return;
    socket.push(null);
    socket.read(0);
  });
  raw.once('close', () => {
    secure = null;
  });
}
