import type { BodySource, BodyWriter } from '../upstream/body.ts';

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
export function pump(from: BodySource, to: BodyWriter, listener: PumpListener): Pump {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let over = false;
  const stop = (): void => {
    if (over) return;
    over = true;
    from.stop();
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
  to.listen({
    room() {
      if (over) return;
      listener.onRoom?.();
      from.resume();
    },
    broken: breakOff,
  });
  from.start({
    data(chunk) {
      if (over) return;
      try {
        listener.onChunk(chunk.length);
      } catch (error) {
        fail(error);
        return;
      }
      if (!to.isOpen) breakOff();
      else if (!to.write(chunk)) {
        from.pause();
        listener.onFull?.();
      }
    },
    end() {
      over = true;
      resolve();
    },
    broken(problem) {
      if (problem === undefined) breakOff();
      else fail(problem);
    },
  });
  return { finished: promise, stop };
}
