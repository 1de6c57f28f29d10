import { Socket } from 'node:net';

/** What Node keeps of `onread` (node:net), which it takes for sockets that connect and leaves out for all others. */
interface Internals {
  readonly _handle: { useUserBuffer?: (buffer: Buffer) => void } | null;
}
const symbols = Object.getOwnPropertySymbols(new Socket());
const [bufferKey, callbackKey] = ['kBuffer', 'kBufferCb'].map((name) =>
  symbols.find(({ description }) => description === name),
);

/**
 * Reads a socket into one buffer, again and again, in place of its `data`; of each read `onRead` is told the bytes, and with false asks
 * for a pause. False, and nothing is changed, where this Node has no such thing.
 */
export function readInto(socket: Socket, buffer: Buffer, onRead: (bytes: number) => boolean): boolean {
  const handle = (socket as unknown as Internals)._handle;
  if (bufferKey === undefined || callbackKey === undefined || typeof handle?.useUserBuffer !== 'function')
    return false;
  Reflect.set(socket, bufferKey, buffer);
  Reflect.set(socket, callbackKey, onRead);
  handle.useUserBuffer(buffer);
  return true;
}
