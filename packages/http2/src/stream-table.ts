import type { Http2Stream } from './http2-stream.ts';

/** Lists that streams are spread over; a power of two. */
const LISTS = 64;

/**
 * The open streams of a connection by their numbers, in lists that are linked through them. A Map, which each stream enters and leaves,
 * leaves outgrown tables behind that keep each other and their streams until the old heap is collected.
 */
export class StreamTable {
  size = 0;
  readonly #lists: (Http2Stream | null)[] = new Array<null>(LISTS).fill(null);

  get(id: number): Http2Stream | undefined {
    let stream = this.#lists[listOf(id)] ?? null;
    while (stream !== null && stream.id !== id) stream = stream.nextInTable;
    return stream ?? undefined;
  }

  /** Takes in a stream whose number is not there. */
  add(stream: Http2Stream): void {
    const list = listOf(stream.id);
    stream.nextInTable = this.#lists[list] ?? null;
    this.#lists[list] = stream;
    this.size += 1;
  }

  /** Takes out a stream that is there; it keeps no link. */
  delete(stream: Http2Stream): void {
    const list = listOf(stream.id);
    const next = stream.nextInTable;
    let before = this.#lists[list] ?? null;
    if (before === stream) this.#lists[list] = next;
    else {
      while (before !== null && before.nextInTable !== stream) before = before.nextInTable;
      if (before === null) return;
      before.nextInTable = next;
    }
    stream.nextInTable = null;
    this.size -= 1;
  }

  /** All that are there now. */
  all(): Http2Stream[] {
    const streams: Http2Stream[] = [];
    for (const first of this.#lists)
      for (let stream = first; stream !== null; stream = stream.nextInTable) streams.push(stream);
    return streams;
  }
}

/** All numbers of one side are odd, or even. */
function listOf(id: number): number {
  return (id >> 1) & (LISTS - 1);
}
