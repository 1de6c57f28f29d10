import type { Http2Stream } from 'node:http2';
import type { BodyReceiver, BodySource, BodyWriter } from './body.ts';

/** The incoming body of an HTTP/2 stream. `isWhole` is asked at its end: a stream that was reset ends as well. */
export function bodyOfStream(stream: Http2Stream, isWhole: () => boolean): BodySource {
  let receiver: BodyReceiver | null = null;
  const move = (chunk: Buffer): void => receiver?.data(chunk);
  const breakOff = (): void => {
    const told = receiver;
    receiver = null;
    told?.broken();
  };
  return {
    isLent: false,
    start(listener) {
      receiver = listener;
      if (stream.destroyed && !stream.readableEnded) {
        breakOff();
        return;
      }
      stream.once('end', () => {
        if (!isWhole()) {
          breakOff();
          return;
        }
        const told = receiver;
        receiver = null;
        told?.end();
      });
      stream.once('error', breakOff);
      stream.once('close', breakOff);
      stream.on('data', move);
    },
    pause() {
      stream.pause();
    },
    resume() {
      stream.resume();
    },
    stop() {
      receiver = null;
      stream.off('data', move);
      stream.pause();
    },
  };
}

/** The outgoing body of an HTTP/2 stream. */
export function writerOfStream(stream: Http2Stream): BodyWriter {
  return {
    write: (chunk) => stream.write(chunk),
    flush() {},
    keepsBytes: true,
    listen(listener) {
      const breakOff = (): void => listener.broken();
      stream.on('drain', () => listener.room());
      stream.on('error', breakOff);
      stream.once('close', breakOff);
    },
    get isFull() {
      return stream.writableNeedDrain;
    },
    get isOpen() {
      return !stream.destroyed && !stream.writableEnded;
    },
  };
}
