import type { Readable, Writable } from 'node:stream';

/**
 * Moves a body chunk by chunk, at the pace of the slower side; leaves the writer open for trailers.
 *
 * Resolves at the end of the body; rejects when either side ends before it. `onChunk` hears of each chunk's bytes before it is
 * written and stops the pump by throwing.
 */
export function pump(from: Readable, to: Writable, onChunk: (bytes: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (error: Error): void => {
      from.off('data', move);
      from.pause();
      reject(error);
    };
    const resume = (): void => {
      from.resume();
    };
    const move = (chunk: Buffer): void => {
      try {
        onChunk(chunk.length);
      } catch (error) {
        stop(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      if (to.destroyed || to.writableEnded) stop(new Error('the reader is gone'));
      else if (!to.write(chunk)) {
        from.pause();
        to.once('drain', resume);
      }
    };
    if (from.destroyed && !from.readableEnded) {
      reject(new Error('the body was broken off'));
      return;
    }
    from.once('end', resolve);
    from.once('error', stop);
    from.once('close', () => {
      stop(new Error('the body was broken off'));
    });
    to.on('error', stop);
    to.once('close', () => {
      stop(new Error('the reader is gone'));
    });
    from.on('data', move);
  });
}
