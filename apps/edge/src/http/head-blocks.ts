/** Bytes of a block: what nearly all heads come in. */
const BLOCK_BYTES = 2_048;
/** Blocks that wait for the next heads; what a burst had beyond them goes. */
const FREE_MAX = 1_000;

/** Memory for the bytes that brought one head. */
export class HeadBlock {
  readonly #memory = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  /** Kept, since many heads have the length of the one before: making a view costs more than copying a short head. */
  #view = this.#memory;

  /** A copy of the piece; good until the block is given back. */
  copyOf(piece: Buffer): Buffer {
    if (this.#view.length !== piece.length) this.#view = this.#memory.subarray(0, piece.length);
    piece.copy(this.#view);
    return this.#view;
  }
}

/** The one given back last comes first: it is still in the processor's caches. */
const free: HeadBlock[] = [];

/** A block for a piece; null where the piece is too long for one. */
export function takeHeadBlock(piece: Buffer): HeadBlock | null {
  return piece.length > BLOCK_BYTES ? null : (free.pop() ?? new HeadBlock());
}

/** Gives a block back whose bytes nobody reads any more. Blocks that are not given back are left to the garbage collector. */
export function giveHeadBlock(block: HeadBlock): void {
  if (free.length < FREE_MAX) free.push(block);
}
