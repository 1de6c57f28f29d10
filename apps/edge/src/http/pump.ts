import type { Readable, Writable } from 'node:stream';

export interface PumpListener {
  /** Hears of each chunk's bytes before it is written; stops the pump by throwing. */
  readonly onChunk: (bytes: number) => void;
  /** The writer is full: nothing is read until it has room again. */
  readonly onFull?: () => void;
  readonly onRoom?: () => void;
}

/** A body on its way. */
export interface Pump {
  /** Resolves at the end of the body; rejects when either side ends before it. Stays open when the pump is stopped. */
  readonly finished: Promise<void>;
  /** Lets go of both sides; the reader is left paused. Without effect after the end. */
  stop(): void;
}

/** Moves a body chunk by chunk, at the pace of the slower side; leaves the writer open for trailers. */
export function pump(from: Readable, to: Writable, listener: PumpListener): Pump {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let over = false;
  const stop = (): void => {
    if (over) return;
    over = true;
    from.off('data', move);
    from.pause();
  };
  const fail = (error: unknown): void => {
    if (over) return;
    stop();
    reject(error);
  };
  // An error costs a stack, and both sides close after every body that went well.
  const breakOff = (): void => {
    if (!over) fail(new Error('one side ended before the body'));
  };
  const resume = (): void => {
    if (over) return;
    listener.onRoom?.();
    from.resume();
  };
  const move = (chunk: Buffer): void => {
    try {
      listener.onChunk(chunk.length);
    } catch (error) {
      fail(error);
      return;
    }
    if (to.destroyed || to.writableEnded) breakOff();
    else if (!to.write(chunk)) {
      from.pause();
      listener.onFull?.();
      to.once('drain', resume);
    }
  };
  if (from.destroyed && !from.readableEnded) {
    breakOff();
    return { finished: promise, stop };
  }
  from.once('end', () => {
    over = true;
    resolve();
  });
  from.once('error', fail);
  from.once('close', breakOff);
  to.on('error', fail);
  to.once('close', breakOff);
  from.on('data', move);
  return { finished: promise, stop };
}
