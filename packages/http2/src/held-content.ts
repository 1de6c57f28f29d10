/** Bytes below which a chunk is copied to the one before it. */
const SMALL_BYTES = 2_048;
const SLAB_BYTES = 8_192;

/**
 * Content that waits for its taker. Small chunks are put together: each one by itself would take more memory than its bytes, and keep
 * the whole piece of the connection that it came with.
 */
export class HeldContent {
  bytes = 0;
  /** The chunk that is next; undefined where nothing waits. */
  first: Buffer | undefined = undefined;
  /** The chunks behind it: mostly there are none, and then no list is made. */
  #others: Buffer[] | null = null;
  /** The last chunk is its beginning; null: the last chunk is as it came. */
  #slab: Buffer | null = null;

  get isEmpty(): boolean {
    return this.first === undefined;
  }

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    // The first is taken as it comes: mostly it is the only one, and waits for this turn alone.
    if (this.first === undefined) this.first = chunk;
    else if (chunk.length < SMALL_BYTES) this.#copy(chunk);
    else {
      this.#add(chunk);
      this.#slab = null;
    }
  }

  shift(): Buffer | undefined {
    const chunk = this.first;
    this.first = this.#others?.shift();
    this.bytes -= chunk?.length ?? 0;
    if (this.first === undefined) this.#slab = null;
    return chunk;
  }

  /** Takes `bytes` of the first chunk, which has as many. */
  take(bytes: number): Buffer | undefined {
    const { first } = this;
    if (first === undefined || bytes === first.length) return this.shift();
    this.bytes -= bytes;
    this.first = first.subarray(bytes);
    // What is left of it no longer is the beginning.
    if (this.#last() === this.first) this.#slab = null;
    return first.subarray(0, bytes);
  }

  clear(): void {
    this.first = undefined;
    this.#others = null;
    this.#slab = null;
    this.bytes = 0;
  }

  #last(): Buffer | undefined {
    return this.#others?.at(-1) ?? this.first;
  }

  #add(chunk: Buffer): void {
    this.#others ??= [];
    this.#others.push(chunk);
  }

  #copy(chunk: Buffer): void {
    const last = this.#slab === null ? undefined : this.#last();
    if (this.#slab === null || last === undefined || last.length + chunk.length > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#slab.set(chunk);
      this.#add(this.#slab.subarray(0, chunk.length));
      return;
    }
    this.#slab.set(chunk, last.length);
    const longer = this.#slab.subarray(0, last.length + chunk.length);
    if (this.#others === null || this.#others.length === 0) this.first = longer;
    else this.#others[this.#others.length - 1] = longer;
  }
}
