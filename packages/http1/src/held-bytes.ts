const NOTHING = Buffer.alloc(0);

/**
 * The bytes of one head: read where they are while a read brings them whole, and gathered in a buffer of their own when they come
 * in pieces, each byte once.
 */
export class HeldBytes {
  /** The bytes; the head begins at `base`. */
  bytes: Buffer = NOTHING;
  base = 0;
  /** Where reading ends for now: behind the last byte there is, or at the bound of the head. */
  end = 0;
  /** Bytes gathered from earlier pieces. */
  private held = 0;
  private readonly bytesMax: number;
  private pieceStart = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Takes the next piece, from `from` on. */
  take(piece: Buffer, from: number): void {
    this.pieceStart = from;
    if (this.held === 0) {
      this.bytes = piece;
      this.base = from;
      this.end = Math.min(piece.length, from + this.bytesMax);
      return;
    }
    const length = Math.min(piece.length - from, this.bytesMax - this.held);
    this.makeRoom(this.held + length);
    piece.copy(this.bytes, this.held, from, from + length);
    this.end = this.held + length;
  }

  /** Keeps what is there for when more comes. */
  keep(): void {
    if (this.held === 0) {
      const { bytes, base, end } = this;
      this.bytes = NOTHING;
      this.makeRoom(end - base);
      bytes.copy(this.bytes, 0, base, end);
      this.base = 0;
      this.end = end - base;
    }
    this.held = this.end;
  }

  /** No more bytes are taken for this head. */
  get isFull(): boolean {
    return this.end - this.base >= this.bytesMax;
  }

  /** The place in the last piece of the byte at `at`. */
  placeInPiece(at: number): number {
    return this.held === 0 ? at : this.pieceStart + at - this.held;
  }

  /** Lets go of everything. */
  clear(): void {
    this.bytes = NOTHING;
    this.base = 0;
    this.end = 0;
    this.held = 0;
  }

  private makeRoom(length: number): void {
    if (this.bytes.length >= length) return;
    const larger = Buffer.allocUnsafe(Math.min(this.bytesMax, Math.max(1024, 2 * length)));
    this.bytes.copy(larger, 0, 0, this.held);
    this.bytes = larger;
  }
}
