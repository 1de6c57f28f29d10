/** Bytes of memory that heads share, one behind the other, like Node's own pool. A head that still waits keeps all of it. */
const ROOM_BYTES = 8 * 1024;

let room = Buffer.allocUnsafeSlow(ROOM_BYTES);
let used = 0;

/** Memory for one head, to be written from `start` on, and then taken with `takeHead` before another is asked for. */
export interface HeadRoom {
  bytes: Buffer;
  start: number;
}

const head: HeadRoom = { bytes: room, start: 0 };

/** Room for a head of at most that many bytes: its length is known only when it is written, and is all that it takes. */
export function roomForHead(bytesMax: number): HeadRoom {
  if (bytesMax > ROOM_BYTES) {
    head.bytes = Buffer.allocUnsafeSlow(bytesMax);
    head.start = 0;
    return head;
  }
  if (used + bytesMax > ROOM_BYTES) {
    room = Buffer.allocUnsafeSlow(ROOM_BYTES);
    used = 0;
  }
  head.bytes = room;
  head.start = used;
  return head;
}

/** The head that was written there, up to `end`. */
export function takeHead({ bytes, start }: HeadRoom, end: number): Buffer {
  if (bytes === room) used = end;
  return bytes.subarray(start, end);
}
