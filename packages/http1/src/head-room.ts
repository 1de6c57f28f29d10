/** Bytes of memory that heads share, one behind the other. A head that still waits keeps all of it. */
const ROOM_BYTES = 8 * 1024;
/** Bytes up to which a view of the beginning of the room is kept: making one costs more than writing a short head. */
const KEPT_VIEW_BYTES_MAX = 2_048;
/** Heads given back behind others that are not, until the room is left to those: at the beginning of another one views are kept. */
const BEHIND_OTHERS_MAX = 100;

/** Memory for one head, to be written from `start` on, and then taken with `takeHead` before another is asked for. */
export interface HeadRoom {
  bytes: Buffer;
  start: number;
}

let room = Buffer.allocUnsafeSlow(ROOM_BYTES);
let views = new Array<Buffer | undefined>(KEPT_VIEW_BYTES_MAX);
let used = 0;
let behindOthers = 0;
const next: HeadRoom = { bytes: room, start: 0 };

/** Room for a head of at most that many bytes: its length is known only when it is written, and is all that it takes. */
export function roomForHead(bytesMax: number): HeadRoom {
  if (bytesMax > ROOM_BYTES) {
    next.bytes = Buffer.allocUnsafeSlow(bytesMax);
    next.start = 0;
    return next;
  }
  if (used + bytesMax > ROOM_BYTES || behindOthers > BEHIND_OTHERS_MAX) {
    room = Buffer.allocUnsafeSlow(ROOM_BYTES);
    views = new Array<Buffer | undefined>(KEPT_VIEW_BYTES_MAX);
    used = 0;
    behindOthers = 0;
  }
  next.bytes = room;
  next.start = used;
  return next;
}

/** The head that was written there, up to `end`. */
export function takeHead({ bytes, start }: HeadRoom, end: number): Buffer {
  if (bytes !== room) return bytes.subarray(start, end);
  used = end;
  if (start > 0 || end >= KEPT_VIEW_BYTES_MAX) return bytes.subarray(start, end);
  let view = views[end];
  if (view === undefined) {
    view = bytes.subarray(0, end);
    views[end] = view;
  }
  return view;
}

/**
 * Gives back a head whose bytes nobody reads any more: where it was the last one, the next is written to the same memory, which is still
 * in the processor's caches. Others are left to the garbage collector.
 */
export function giveHeadBack(head: Buffer): void {
  // What most are: the same is found below, but to ask two Buffers for their memory costs more than to write a short head.
  if (used < KEPT_VIEW_BYTES_MAX && views[used] === head) {
    used = 0;
    return;
  }
  const start = head.byteOffset - room.byteOffset;
  if (head.buffer !== room.buffer || start + head.length !== used) return;
  used = start;
  if (start > 0) behindOthers += 1;
}
