/** Bytes up to which views are kept: nearly all heads and short bodies are shorter, and each view takes 100 bytes. */
const KEPT_BYTES_MAX = 2_048;

/** Views of memory that is used again and again, from its beginning: making one costs more than reading a short message. */
export class LentViews {
  readonly #memory: Buffer;
  readonly #views = new Array<Buffer | undefined>(KEPT_BYTES_MAX);

  constructor(memory: Buffer) {
    this.#memory = memory;
  }

  /** The first bytes; those who are given the same number share the view, and nobody keeps it. */
  of(bytes: number): Buffer {
    if (bytes >= KEPT_BYTES_MAX) return this.#memory.subarray(0, bytes);
    let view = this.#views[bytes];
    if (view === undefined) {
      view = this.#memory.subarray(0, bytes);
      this.#views[bytes] = view;
    }
    return view;
  }
}
