import * as characters from './character-classes.ts';
import { NEED_MORE } from './field-section.ts';
import { endOfText, WINDOW, WINDOW_WORDS } from './head-window.ts';
import { Http1Error } from './http1-error.ts';
import { type HeadLimits, RESPONSE_HEAD_LIMITS } from './http1-limits.ts';
import { type BodyKind, isOfFraming } from './message-framing.ts';
import { MessageHead } from './message-head.ts';

// Constants of this module: V8 looks an imported one up, and checks it, at each use.
const { CR, LF, SP, TEXT } = characters;
const shown = WINDOW;
const shownWords = WINDOW_WORDS;

/** What the next byte belongs to. */
const STATUS = 0;
const REASON = 1;
const LINE_FEED = 2;

/** What stands before the three digits of the status; the byte at MINOR_AT is one of two digits. */
const VERSION_TEXT = Buffer.from('HTTP/1.1 ', 'latin1');
const MINOR_AT = 7;
const STATUS_END = VERSION_TEXT.length + 3;
const HTTP_WORD = VERSION_TEXT.readInt32LE(0);
const VERSION_WORD = VERSION_TEXT.readInt32LE(4);

/** One response head, interim ones (1xx) included: those come first, have no body, and are followed by another head. */
export class ResponseHead extends MessageHead {
  /** 100 to 599. */
  status = 0;
  private state = STATUS;
  // Places are counted from the beginning of the head.
  private reasonStart = 0;
  private reasonEnd = 0;

  constructor(limits: HeadLimits = RESPONSE_HEAD_LIMITS) {
    super(limits);
  }

  /** Whether bytes of a head are there. */
  get hasBegun(): boolean {
    return this.scanned > 0;
  }

  /** Whether this is an interim answer: another head follows. 101 is none, since no HTTP follows it. */
  get isInterim(): boolean {
    return this.status < 200 && this.status !== 101;
  }

  /** How the end of the body is known, for an answer to a request with this method (RFC 9112 section 6.3). */
  bodyKind(method: string): BodyKind {
    if (method === 'HEAD' || this.isEmptyByStatus || this.status === 304) return 'none';
    if (this.framing.chunked) return 'chunked';
    if (this.framing.contentLength === -1) return 'close';
    return this.framing.contentLength === 0 ? 'none' : 'length';
  }

  /**
   * Whether the connection may carry another request after this answer. Not after HTTP/1.0, nor where content may come that has no place,
   * late enough to be taken for the next answer: after HEAD, which some programs answer as GET, and after an empty status that declares some.
   */
  keepsConnection(method: string): boolean {
    if (this.minor === 0 || this.options.close || method === 'HEAD') return false;
    const kind = this.bodyKind(method);
    const declaresContent = this.framing.chunked || this.framing.contentLength > 0;
    return kind === 'none' ? !declaresContent : kind !== 'close';
  }

  /** The reason phrase; nothing depends on it. */
  get reason(): string {
    return this.slice(this.reasonStart, this.reasonEnd);
  }

  /** Bytes of the status line with its end. */
  get statusLineLength(): number {
    return this.reasonEnd + 2;
  }

  /** Bytes of the head on the wire. */
  get byteLength(): number {
    return this.scanned;
  }

  override clear(): void {
    super.clear();
    this.state = STATUS;
    this.status = 0;
  }

  private get isEmptyByStatus(): boolean {
    return this.status < 200 || this.status === 204;
  }

  protected override takeShownStartLine(): number {
    if (shownWords.getInt32(0, true) !== HTTP_WORD || shownWords.getInt32(4, true) !== VERSION_WORD)
      return NEED_MORE;
    const hundreds = (shown[9] as number) - 0x30;
    const tens = (shown[10] as number) - 0x30;
    const ones = (shown[11] as number) - 0x30;
    if (hundreds < 1 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return NEED_MORE;
    if (shown[8] !== SP || shown[STATUS_END] !== SP) return NEED_MORE;
    const end = endOfText(STATUS_END + 1);
    if (shown[end] !== CR || shown[end + 1] !== LF) return NEED_MORE;
    this.minor = 1;
    this.status = hundreds * 100 + tens * 10 + ones;
    this.reasonStart = STATUS_END + 1;
    this.reasonEnd = end;
    return end + 2;
  }

  protected override scanStartLine(from: number, end: number): number {
    const { bytes, base } = this.source;
    let at = from;
    while (at < end) {
      const byte = bytes[at] as number;
      switch (this.state) {
        case STATUS: {
          const place = at - base;
          if (place < VERSION_TEXT.length) {
            if (place === MINOR_AT) this.minor = byte === 0x30 ? 0 : 1;
            const isFit = byte === VERSION_TEXT[place] || (place === MINOR_AT && byte === 0x30);
            if (!isFit) throw new Http1Error('status_line');
          } else {
            const digit = byte - 0x30;
            if (digit < 0 || digit > 9) throw new Http1Error('status_line');
            this.status = this.status * 10 + digit;
          }
          at += 1;
          if (place === STATUS_END - 1) {
            if (this.status < 100 || this.status > 599) throw new Http1Error('status_line');
            this.reasonStart = STATUS_END;
            this.state = REASON;
          }
          break;
        }
        case REASON: {
          // Many servers leave out the space where they have no reason to give.
          if (at - base === STATUS_END) {
            if (byte !== SP && byte !== CR) throw new Http1Error(byte === LF ? 'line_end' : 'status_line');
            if (byte === SP) {
              this.reasonStart = STATUS_END + 1;
              at += 1;
            }
          }
          while (at < end && TEXT[bytes[at] as number] === 1) at += 1;
          if (at === end) break;
          if (bytes[at] !== CR) throw new Http1Error(bytes[at] === LF ? 'line_end' : 'status_line');
          this.reasonEnd = at - base;
          this.state = LINE_FEED;
          at += 1;
          break;
        }
        default:
          if (byte !== LF) throw new Http1Error('line_end');
          return at + 1;
      }
    }
    return NEED_MORE;
  }

  protected override understand(): void {
    const { fields, framing, options, minor } = this;
    for (let index = 0; index < fields.count; index += 1) {
      if (isOfFraming(fields.idAt(index))) framing.take(fields, index, minor, options);
    }
    if (this.isInterim && (minor === 0 || options.close)) throw new Http1Error('closing_interim');
    if (framing.chunked && this.isEmptyByStatus) throw new Http1Error('framing_on_empty');
  }
}
