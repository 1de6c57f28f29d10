import type { Socket } from 'node:net';
import { Deadline } from '../deadlines.ts';
import { type ClientHello, ClientHelloReader } from '../tls/client-hello.ts';

export type Peeked =
  | { readonly outcome: 'hello'; readonly hello: ClientHello }
  /** `answerable`: the peer speaks TLS, so an alert makes sense to it. */
  | { readonly outcome: 'refused'; readonly reason: string; readonly answerable: boolean }
  /** The peer closed or broke off; nothing is left to do. */
  | { readonly outcome: 'gone' };

interface PeekOptions {
  readonly timeoutMs: number;
  /** Bytes, record headers included. */
  readonly bytesMax: number;
}

/**
 * Reads the ClientHello at the start of a connection without consuming it: after `hello` every byte is back in the socket,
 * for TLS to read, and no listener of this function is left. Never rejects.
 */
export function peekClientHello(socket: Socket, options: PeekOptions): Promise<Peeked> {
  const reader = new ClientHelloReader(options.bytesMax);
  const chunks: Buffer[] = [];
  const answerable = () => chunks[0]?.[0] === 22;
  return readStart<Peeked>(socket, {
    timeoutMs: options.timeoutMs,
    onTimeout: () => ({
      outcome: 'refused',
      reason: 'the ClientHello did not arrive in time',
      answerable: answerable(),
    }),
    onGone: () => ({ outcome: 'gone' }),
    onChunk(chunk) {
      chunks.push(chunk);
      const state = reader.push(chunk);
      if (state.state === 'more') return undefined;
      if (state.state === 'invalid') {
        return { result: { outcome: 'refused', reason: state.reason, answerable: answerable() } };
      }
      return {
        result: { outcome: 'hello', hello: state.hello },
        unread: chunks.length === 1 ? chunk : Buffer.concat(chunks),
      };
    },
  });
}

interface StartReader<T> {
  readonly timeoutMs: number;
  readonly onTimeout: () => T;
  readonly onGone: () => T;
  /** Undefined asks for more; `unread` goes back into the socket. */
  readonly onChunk: (chunk: Buffer) => { result: T; unread?: Buffer } | undefined;
}

/** Reads the first bytes of a paused socket until a reader is satisfied, the time is over or the peer is gone. */
export function readStart<T>(socket: Socket, reader: StartReader<T>): Promise<T> {
  return new Promise((resolve) => {
    const settle = (result: T) => {
      deadline.cancel();
      socket.off('readable', onReadable);
      socket.off('end', onGone);
      socket.off('close', onGone);
      resolve(result);
    };
    const onGone = () => settle(reader.onGone());
    const deadline = new Deadline(reader.timeoutMs, () => settle(reader.onTimeout()));
    const onReadable = () => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
        const done = reader.onChunk(chunk as Buffer);
        if (done === undefined) continue;
        if (done.unread !== undefined && done.unread.length > 0) socket.unshift(done.unread);
        return settle(done.result);
      }
    };
    socket.on('readable', onReadable);
    socket.on('end', onGone);
    socket.on('close', onGone);
    if (socket.destroyed || socket.readableEnded) onGone();
  });
}
