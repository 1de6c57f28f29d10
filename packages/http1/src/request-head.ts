import * as characters from './character-classes.ts';
import { NEED_MORE } from './field-section.ts';
import { endOfVisible, WINDOW, WINDOW_WORDS } from './head-window.ts';
import { Http1Error } from './http1-error.ts';
import { type HeadLimits, REQUEST_HEAD_LIMITS } from './http1-limits.ts';
import { fieldId } from './known-fields.ts';
import { type BodyKind, isOfFraming } from './message-framing.ts';
import { MessageHead } from './message-head.ts';
import { findMethod, METHOD_BYTES_MAX } from './methods.ts';

// Constants of this module: V8 looks an imported one up, and checks it, at each use.
const { AUTHORITY, CR, equalsText, LF, SP, TOKEN, VISIBLE } = characters;
const shown = WINDOW;
const shownWords = WINDOW_WORDS;

/** What the next byte belongs to. */
const START = 0;
const START_LINE_FEED = 1;
const METHOD = 2;
const TARGET = 3;
const VERSION = 4;

/** What stands behind the target; the byte at MINOR_AT is one of two digits. */
const VERSION_LINE = Buffer.from('HTTP/1.1\r\n', 'latin1');
const MINOR_AT = 7;
const HTTP_WORD = VERSION_LINE.readInt32LE(0);
const VERSION_WORD = VERSION_LINE.readInt32LE(4);
const SLASH = 0x2f;

/** A DNS name with a port; what a waiting connection keeps stays small. */
const KEPT_HOST_CHARS_MAX = 260;

const HOST = fieldId('host');
const EXPECT = fieldId('expect');
const UPGRADE = fieldId('upgrade');

/** Forms of a request target (RFC 9112 section 3.2); authority form belongs to CONNECT and is refused. */
export type TargetForm = 'origin' | 'absolute' | 'asterisk';

/** One request head. */
export class RequestHead extends MessageHead {
  method = '';
  targetForm: TargetForm = 'origin';
  /** The scheme of an absolute target is https; false for http. */
  isSecureTarget = false;
  /** The request asks to leave HTTP: an Upgrade field is there. HTTP/1.0 has none (RFC 9110 section 7.8). */
  wantsUpgrade = false;
  /** The client waits for 100 before it sends its body. */
  expectsContinue = false;
  /** Index of the one Host. */
  hostIndex = -1;
  /** Value of the one Host, as it was sent; the same string as that of the head before where it says the same. */
  host = '';
  /** Of a head before on the connection, checked: all of them mostly say the same. */
  private lastHost = '';
  private readonly targetBytesMax: number;
  private state = START;
  // Places are counted from the beginning of the head.
  private lineStart = 0;
  private targetStart = 0;
  private targetEnd = 0;
  private authorityStart = 0;
  private authorityEnd = 0;
  private pathStart = 0;

  constructor(limits: HeadLimits = REQUEST_HEAD_LIMITS) {
    super(limits);
    this.targetBytesMax = limits.targetBytesMax;
  }

  /** Whether bytes of a head are there, beyond an empty line before it: from then on the head's time runs. */
  get hasBegun(): boolean {
    return this.state > START_LINE_FEED;
  }

  get bodyKind(): BodyKind {
    if (this.framing.chunked) return 'chunked';
    return this.framing.contentLength > 0 ? 'length' : 'none';
  }

  /** Whether the connection may carry another request after this one. HTTP/1.0 is served without keep-alive. */
  get keepsConnection(): boolean {
    return this.minor === 1 && !this.options.close;
  }

  /** Bytes of the head on the wire. */
  get byteLength(): number {
    return this.scanned - this.lineStart;
  }

  /** The target as it was sent. */
  get target(): string {
    return this.slice(this.targetStart, this.targetEnd);
  }

  /** Path and query in origin form, byte for byte; `*` in asterisk form, `/` where an absolute target has no path. */
  get path(): string {
    const path = this.slice(this.pathStart, this.targetEnd);
    return this.targetForm === 'absolute' && !path.startsWith('/') ? `/${path}` : path;
  }

  /** Host and port of an absolute target; empty for the other forms. */
  get targetAuthority(): string {
    return this.slice(this.authorityStart, this.authorityEnd);
  }

  /** Indexes of `fields.bytes`: where the request line begins, and its path begins and ends. */
  get lineStartAt(): number {
    return this.source.base + this.lineStart;
  }
  get pathStartAt(): number {
    return this.source.base + this.pathStart;
  }
  get targetEndAt(): number {
    return this.source.base + this.targetEnd;
  }

  override clear(): void {
    super.clear();
    this.state = START;
    this.method = '';
    this.hostIndex = -1;
    this.host = '';
    this.isSecureTarget = false;
    this.wantsUpgrade = false;
    this.expectsContinue = false;
    this.authorityStart = 0;
    this.authorityEnd = 0;
  }

  protected override takeShownStartLine(): number {
    // What V8 finds in a loop it may not yet know to be constant.
    const bytes = shown;
    const token = TOKEN;
    let at = 0;
    while (token[bytes[at] as number] === 1) at += 1;
    const targetStart = at + 1;
    if (at > METHOD_BYTES_MAX || shown[at] !== SP || shown[targetStart] !== SLASH) return NEED_MORE;
    const method = findMethod(shown, 0, at);
    if (method === undefined || method === 'CONNECT') return NEED_MORE;
    const targetEnd = endOfVisible(targetStart);
    at = targetEnd + 1;
    if (targetEnd - targetStart > this.targetBytesMax || shown[targetEnd] !== SP) return NEED_MORE;
    if (shownWords.getInt32(at, true) !== HTTP_WORD || shownWords.getInt32(at + 4, true) !== VERSION_WORD)
      return NEED_MORE;
    if (shown[at + 8] !== CR || shown[at + 9] !== LF) return NEED_MORE;
    this.method = method;
    this.minor = 1;
    this.targetForm = 'origin';
    this.lineStart = 0;
    this.targetStart = targetStart;
    this.pathStart = targetStart;
    this.targetEnd = targetEnd;
    this.state = VERSION;
    return at + VERSION_LINE.length;
  }

  protected override scanStartLine(from: number, end: number): number {
    const { bytes, base } = this.source;
    let at = from;
    while (at < end) {
      const byte = bytes[at] as number;
      switch (this.state) {
        case START:
          // RFC 9112 section 2.2: an empty line before a request is passed over; one, and no half ones.
          if (byte === CR && at === base) {
            this.state = START_LINE_FEED;
            at += 1;
            break;
          }
          this.lineStart = at - base;
          this.state = METHOD;
          break;
        case START_LINE_FEED:
          if (byte !== LF) throw new Http1Error('line_end');
          this.state = START;
          at += 1;
          break;
        case METHOD: {
          while (at < end && TOKEN[bytes[at] as number] === 1) at += 1;
          const length = at - base - this.lineStart;
          if (length > METHOD_BYTES_MAX) throw new Http1Error('unknown_method');
          if (at === end) break;
          if (bytes[at] !== SP || length === 0) throw new Http1Error('request_line');
          const method = findMethod(bytes, base + this.lineStart, at);
          if (method === undefined) throw new Http1Error('unknown_method');
          if (method === 'CONNECT') throw new Http1Error('connect');
          this.method = method;
          at += 1;
          this.targetStart = at - base;
          this.state = TARGET;
          break;
        }
        case TARGET:
          while (at < end && VISIBLE[bytes[at] as number] === 1) at += 1;
          if (at - base - this.targetStart > this.targetBytesMax) throw new Http1Error('target_too_long');
          if (at === end) break;
          this.targetEnd = at - base;
          this.endTarget(bytes[at] as number);
          at += 1;
          this.state = VERSION;
          break;
        case VERSION: {
          const place = at - base - this.targetEnd - 1;
          if (place === MINOR_AT) this.minor = byte === 0x30 ? 0 : 1;
          const isFit = byte === VERSION_LINE[place] || (place === MINOR_AT && byte === 0x30);
          if (!isFit) throw faultOfVersion(place, byte);
          at += 1;
          if (place === VERSION_LINE.length - 1) {
            return at;
          }
          break;
        }
      }
    }
    return NEED_MORE;
  }

  /** Decides the form of the target, when its end is known. */
  private endTarget(behind: number): void {
    const { bytes, base } = this.source;
    const start = base + this.targetStart;
    const end = base + this.targetEnd;
    if (behind !== SP || start === end)
      throw new Http1Error(behind === CR || behind === LF || start === end ? 'request_line' : 'target');
    this.pathStart = this.targetStart;
    if (bytes[start] === SLASH) {
      this.targetForm = 'origin';
    } else if (bytes[start] === 0x2a && end === start + 1 && this.method === 'OPTIONS') {
      this.targetForm = 'asterisk';
    } else {
      this.targetForm = 'absolute';
      this.isSecureTarget = equalsText(bytes, start, Math.min(end, start + 8), 'https://');
      if (!this.isSecureTarget && !equalsText(bytes, start, Math.min(end, start + 7), 'http://'))
        throw new Http1Error('target');
      let at = start + (this.isSecureTarget ? 8 : 7);
      this.authorityStart = at - base;
      while (at < end && AUTHORITY[bytes[at] as number] === 1) at += 1;
      this.authorityEnd = at - base;
      this.pathStart = at - base;
      const isPathOrQuery = at === end || bytes[at] === SLASH || bytes[at] === 0x3f;
      if (this.authorityEnd === this.authorityStart || !isPathOrQuery) throw new Http1Error('target');
    }
  }

  protected override understand(): void {
    const { fields, framing, options, minor } = this;
    for (let index = 0; index < fields.count; index += 1) {
      const id = fields.idAt(index);
      if (isOfFraming(id)) {
        framing.take(fields, index, minor, options);
      } else if (id === HOST) {
        if (this.hostIndex !== -1) throw new Http1Error('host_repeated');
        this.hostIndex = index;
      } else if (id === UPGRADE) {
        this.wantsUpgrade = minor === 1;
      } else if (id === EXPECT) {
        if (!fields.valueIs(index, '100-continue')) throw new Http1Error('expectation');
        this.expectsContinue = minor === 1;
      }
    }
    if (this.hostIndex === -1) throw new Http1Error('host_missing');
    this.host = fields.valueAt(this.hostIndex, this.lastHost);
    if (this.host !== this.lastHost || this.host === '') this.checkHost();
  }

  private checkHost(): void {
    const { fields, host } = this;
    const { bytes } = fields;
    const end = fields.valueEndAt(this.hostIndex);
    let at = fields.valueStartAt(this.hostIndex);
    if (at === end) throw new Http1Error('host');
    for (; at < end; at += 1) if (AUTHORITY[bytes[at] as number] === 0) throw new Http1Error('host');
    if (host.length <= KEPT_HOST_CHARS_MAX) this.lastHost = host;
  }
}

/** What is wrong with the byte at a place of `HTTP/1.1 CR LF`. */
function faultOfVersion(place: number, byte: number): Http1Error {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  if (isDigit && (place === 5 || place === MINOR_AT)) return new Http1Error('version');
  return new Http1Error(byte === LF ? 'line_end' : 'request_line');
}
