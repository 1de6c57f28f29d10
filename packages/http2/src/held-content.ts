/** Bytes below which a chunk is copied to the one before it. */
const SMALL_BYTES = 2_048;
const SLAB_BYTES = 8_192;

/**
 * Content that waits for its taker. Small chunks are put together: each one by itself would take more memory than its bytes, and keep
 * the whole piece of the connection that it came with.
 */
export class HeldContent {
  bytes = 0;
  readonly #chunks: Buffer[] = [];
  /** The last chunk is its beginning; null: the last chunk is as it came. */
  #slab: Buffer | null = null;

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** The chunk that is next; undefined where nothing waits. */
  get first(): Buffer | undefined {
    return this.#chunks[0];
  }

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    // The first is taken as it comes: mostly it is the only one, and waits for this turn alone.
    if (chunk.length < SMALL_BYTES && !this.isEmpty) this.#copy(chunk);
    else {
      this.#chunks.push(chunk);
      this.#slab = null;
    }
  }

  shift(): Buffer | undefined {
    const chunk = this.#chunks.shift();
    this.bytes -= chunk?.length ?? 0;
    if (this.isEmpty) this.#slab = null;
    return chunk;
  }

  /** Takes `bytes` of the first chunk, which has as many. */
  take(bytes: number): Buffer | undefined {
    const { first } = this;
    if (first === undefined || bytes === first.length) return this.shift();
    this.bytes -= bytes;
    this.#chunks[0] = first.subarray(bytes);
    // What is left of it no longer is the beginning.
    if (this.#chunks.length === 1) this.#slab = null;
    return first.subarray(0, bytes);
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#slab = null;
    this.bytes = 0;
  }

  #copy(chunk: Buffer): void {
    const last = this.#slab === null ? undefined : this.#chunks.at(-1);
    if (this.#slab === null || last === undefined || last.length + chunk.length > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#slab.set(chunk);
      this.#chunks.push(this.#slab.subarray(0, chunk.length));
    } else {
      this.#slab.set(chunk, last.length);
      this.#chunks[this.#chunks.length - 1] = this.#slab.subarray(0, last.length + chunk.length);
    }
  }
}
