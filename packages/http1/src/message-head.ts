import { ConnectionOptions } from './connection-options.ts';
import { FieldSection, NEED_MORE } from './field-section.ts';
import { showInWindow } from './head-window.ts';
import { HeldBytes } from './held-bytes.ts';
import { Http1Error } from './http1-error.ts';
import type { HeadLimits } from './http1-limits.ts';
import { MessageFraming } from './message-framing.ts';

/**
 * What request and response heads have in common. An object is used again for the next head of its connection: `clear` it when the
 * exchange is over, which also lets go of the bytes, so that a waiting connection holds none.
 */
export abstract class MessageHead {
  readonly fields: FieldSection;
  readonly options: ConnectionOptions;
  /** The version is HTTP/1.1 (1) or HTTP/1.0 (0). */
  minor: 0 | 1 = 1;
  protected readonly framing = new MessageFraming();
  protected readonly source: HeldBytes;
  /** Bytes read so far. */
  protected scanned = 0;
  private hasStartLine = false;
  private isComplete = false;

  constructor(limits: HeadLimits) {
    this.fields = new FieldSection(limits.fieldsMax, 'too_many_fields');
    this.options = new ConnectionOptions(limits.connectionOptionsMax);
    this.source = new HeldBytes(limits.headBytesMax);
  }

  /** Reads the first line from `from` up to `end`; gives the place behind it, or NEED_MORE, and then goes on at the old `end`. */
  protected abstract scanStartLine(from: number, end: number): number;

  /** Takes the first line if it is shown in the window as a whole and written plainly; gives the place behind it, counted from the base, or NEED_MORE. */
  protected abstract takeShownStartLine(): number;

  /** Reads what the fields say about the message itself. */
  protected abstract understand(): void;

  /**
   * Reads on with the bytes of `piece` from `from`. Gives the index in `piece` behind the head when it is complete, or NEED_MORE when
   * all of the piece was taken. The head refers to the bytes of the piece: they must stay as they are until `clear`. Throws Http1Error.
   */
  read(piece: Buffer, from: number): number {
    if (this.isComplete) throw new Error('the head is complete: clear it before the next one');
    const { source, fields } = this;
    source.take(piece, from);
    const { base, end } = source;
    // Most heads come whole, and most lines are plain: those are read in the window, and all else by states, which can stop at any byte.
    const isBegin = this.scanned === 0;
    if (isBegin) showInWindow(source.bytes, base, end);
    let at = isBegin ? this.takeShownStartLine() : NEED_MORE;
    this.hasStartLine ||= at !== NEED_MORE;
    if (at !== NEED_MORE) at = base + fields.takeShownLines(at);
    else at = base + this.scanned;
    if (!this.hasStartLine) {
      at = this.scanStartLine(at, end);
      this.hasStartLine = at !== NEED_MORE;
    }
    if (at !== NEED_MORE) at = fields.scan(source.bytes, base, at, end);
    if (at === NEED_MORE) {
      if (source.isFull) throw new Http1Error('head_too_large');
      source.keep();
      this.scanned = source.end - source.base;
      return NEED_MORE;
    }
    this.scanned = at - source.base;
    this.isComplete = true;
    this.understand();
    return source.placeInPiece(at);
  }

  /** Bytes; -1 where none is declared. */
  get contentLength(): number {
    return this.framing.contentLength;
  }

  /** Makes ready for another head. */
  clear(): void {
    this.source.clear();
    this.fields.clear(this.source.bytes);
    this.options.clear();
    this.framing.clear();
    this.scanned = 0;
    this.hasStartLine = false;
    this.isComplete = false;
  }

  /** The text between two places of the head. */
  protected slice(start: number, end: number): string {
    const { bytes, base } = this.source;
    return bytes.toString('latin1', base + start, base + end);
  }
}
