import type { Http2Stream, QueueOfStreams } from './http2-stream.ts';

/**
 * Streams in the order of their turns, linked through themselves: a stream is in one queue at most. Links and no Set for the reason that
 * StreamTable has.
 */
export class StreamQueue implements QueueOfStreams {
  #first: Http2Stream | null = null;
  #last: Http2Stream | null = null;

  get isEmpty(): boolean {
    return this.#first === null;
  }

  /** Puts a stream that is in no queue behind the others. */
  push(stream: Http2Stream): void {
    stream.queue = this;
    stream.ahead = this.#last;
    if (this.#last === null) this.#first = stream;
    else this.#last.behind = stream;
    this.#last = stream;
  }

  /** Takes out the stream whose turn it is. */
  shift(): Http2Stream | null {
    const stream = this.#first;
    if (stream !== null) this.delete(stream);
    return stream;
  }

  /** Takes out a stream of this queue; it keeps no link. */
  delete(stream: Http2Stream): void {
    const { ahead, behind } = stream;
    if (ahead === null) this.#first = behind;
    else ahead.behind = behind;
    if (behind === null) this.#last = ahead;
    else behind.ahead = ahead;
    stream.queue = null;
    stream.ahead = null;
    stream.behind = null;
  }
}
