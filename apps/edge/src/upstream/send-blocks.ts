/** Bytes of a block: eight TLS records of a client, and one write. */
export const BLOCK_BYTES = 128 * 1024;
/** Blocks that wait to be used again: 4 MiB. */
const WAITING_MAX = 32;
const waiting: Buffer[] = [];

/** A block to gather bytes in that go out on a plain connection; used again and again, for the sake of the garbage collector. */
export function takeBlock(): Buffer {
  return waiting.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
}

/** Gives a block back that nobody reads any more. */
export function giveBlock(block: Buffer): void {
  if (waiting.length < WAITING_MAX) waiting.push(block);
}
