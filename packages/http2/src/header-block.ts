import { ERROR_CODES, Http2Error } from './error-codes.ts';
import { FLAG } from './frames.ts';
import { BLOCK_BYTES_MAX, CONTINUATIONS_MAX } from './http2-limits.ts';

/** The fragment within a HEADERS frame: without padding, and without the priority that nobody follows (RFC 9113 section 6.2). */
export function contentOf(flags: number, payload: Buffer): Buffer {
  let start = 0;
  let end = payload.length;
  if ((flags & FLAG.padded) !== 0) {
    start = 1;
    end -= payload[0] ?? 0;
  }
  if ((flags & FLAG.priority) !== 0) start += 5;
  if (start > payload.length)
    throw new Http2Error(ERROR_CODES.frameSize, 'HEADERS is too short for its flags');
  if (start > end) throw new Http2Error(ERROR_CODES.protocol, 'HEADERS has more padding than bytes');
  return payload.subarray(start, end);
}

/** Puts the frames of a header block together (RFC 9113 section 4.3). */
export class BlockAssembly {
  /** CONTINUATION frames of the block are still to come. */
  isOpen = false;
  #id = 0;
  #isLast = false;
  #fragments: Buffer[] = [];
  #bytes = 0;

  begin(id: number, flags: number, fragment: Buffer): void {
    if (id === 0) throw new Http2Error(ERROR_CODES.protocol, 'HEADERS without a stream');
    this.isOpen = true;
    this.#id = id;
    this.#isLast = (flags & FLAG.endStream) !== 0;
    this.#fragments = [fragment];
    this.#bytes = fragment.length;
  }

  add(id: number, fragment: Buffer): void {
    if (!this.isOpen || id !== this.#id)
      throw new Http2Error(ERROR_CODES.protocol, 'CONTINUATION without HEADERS');
    this.#fragments.push(fragment);
    this.#bytes += fragment.length;
    if (this.#bytes > BLOCK_BYTES_MAX || this.#fragments.length > CONTINUATIONS_MAX + 1)
      throw new Http2Error(ERROR_CODES.enhanceYourCalm, 'a header block is too long');
  }

  end(): { readonly id: number; readonly isLast: boolean; readonly block: Buffer } {
    const [first] = this.#fragments;
    const block =
      this.#fragments.length === 1 && first !== undefined ? first : Buffer.concat(this.#fragments);
    this.isOpen = false;
    this.#fragments = [];
    return { id: this.#id, isLast: this.#isLast, block };
  }
}
