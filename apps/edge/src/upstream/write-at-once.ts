import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { getSystemErrorName } from 'node:util';

/** What is known of one write to the system. */
interface WriteRequest {
  /** Called by Node once the system has taken what it left at first. */
  oncomplete?: (status: number) => void;
  buffer?: Buffer;
}

/** How node:net writes, by what it keeps for itself. */
interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest;
  /** What came of the last call: at `kLastWriteWasAsync` whether a part of the bytes waits. */
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
}

interface Internals {
  readonly _handle: { writeBuffer?: (request: WriteRequest, bytes: Buffer) => number } | null;
}

/**
 * What became of bytes: `taken` by the system, and their memory free again; `waiting` for it, in front of all that is written later,
 * or lost with their connection; `refused`, where nothing was done and they are to be written as ever.
 */
export type WrittenAtOnce = 'taken' | 'waiting' | 'refused';

/**
 * Writes to a plain TCP connection without the stream's request, callback and later turn, a thirtieth of what a small request costs.
 * Only where nothing waits in the stream, so that the order holds; the system keeps it from there on, for `write` and `end` alike. A
 * connection that breaks meanwhile is destroyed with the error. What waits is not counted in `writableLength`, and no timeout of the socket is renewed.
 */
export const writeAtOnce = directWriter(Reflect.get(process, 'binding'));

/** `binding`: what tells of Node's own parts (`process.binding`). Where it does not, all is refused. */
export function directWriter(binding: unknown): (socket: Duplex, bytes: Buffer) => WrittenAtOnce {
  const wrap = streamWrapOf(binding);
  if (wrap === undefined) return () => 'refused';
  const { WriteWrap, streamBaseState, kLastWriteWasAsync } = wrap;
  // Node uses it only for what waits; until then it serves every write.
  let request = new WriteWrap();
  return (socket, bytes) => {
    // TLS takes one write at a time, and Node ends the process at a second one.
    if (!(socket instanceof Socket) || socket instanceof TLSSocket || !isIdle(socket)) return 'refused';
    const handle = (socket as unknown as Internals)._handle;
    if (typeof handle?.writeBuffer !== 'function') return 'refused';
    const status = handle.writeBuffer(request, bytes);
    if (status === 0 && streamBaseState[kLastWriteWasAsync] === 0) return 'taken';
    request.buffer = bytes;
    const onComplete = (late: number): void => endBroken(socket, late);
    request.oncomplete = onComplete;
    request = new WriteWrap();
    endBroken(socket, status);
    return 'waiting';
  };
}

/** Whether nothing waits in the stream, and it has not ended. */
function isIdle(socket: Socket): boolean {
  return socket.writable && !socket.connecting && socket.writableLength === 0;
}

function streamWrapOf(binding: unknown): StreamWrap | undefined {
  if (typeof binding !== 'function') return undefined;
  try {
    const wrap: Partial<StreamWrap> = binding('stream_wrap');
    const { WriteWrap, streamBaseState, kLastWriteWasAsync } = wrap;
    if (typeof WriteWrap !== 'function' || typeof kLastWriteWasAsync !== 'number') return undefined;
    if (typeof streamBaseState?.[kLastWriteWasAsync] !== 'number') return undefined;
    return { WriteWrap, streamBaseState, kLastWriteWasAsync };
  } catch {
    // A Node that gives nobody its own parts.
    return undefined;
  }
}

/** Ends a connection whose write failed, with an error as Node makes it. */
function endBroken(socket: Socket, errno: number): void {
  if (errno >= 0) return;
  const code = getSystemErrorName(errno);
  socket.destroy(Object.assign(new Error(`write ${code}`), { errno, code, syscall: 'write' }));
}
