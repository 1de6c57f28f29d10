import { BACKSLASH, CR, EQUALS, HEX_VALUE, LF, QUOTE, SEMICOLON, TEXT, TOKEN } from './character-classes.ts';
import { FieldSection, NEED_MORE } from './field-section.ts';
import { HeldBytes } from './held-bytes.ts';
import { Http1Error } from './http1-error.ts';
import { BODY_LIMITS, type BodyLimits, CHUNK_SIZE_DIGITS_MAX } from './http1-limits.ts';
import { type FieldId, fieldId } from './known-fields.ts';
import type { BodyKind } from './message-framing.ts';

/** What the next byte of a chunked body belongs to. */
const SIZE = 0;
const EXTENSION_NAME = 1;
const EXTENSION_VALUE = 2;
const QUOTED = 3;
const QUOTED_PAIR = 4;
const AFTER_QUOTED = 5;
const SIZE_LINE_FEED = 6;
const DATA = 7;
const DATA_CARRIAGE_RETURN = 8;
const DATA_LINE_FEED = 9;
const TRAILERS = 10;
const LAST_LINE_FEED = 11;

/** Fields by which a trailer section would frame a message or end a connection behind the back of who has read the head. */
const NEVER_IN_TRAILERS: ReadonlySet<FieldId> = new Set(
  (['content-length', 'transfer-encoding', 'connection', 'proxy-connection', 'upgrade'] as const).map(
    fieldId,
  ),
);

/** Data of a chunk up to this size are moved beside those before them, so that a read of many small chunks is passed on as one piece. */
const MOVED_BYTES_MAX = 4096;

/** Takes body bytes; they belong to the taker. Never called with none. */
export type BodySink = (data: Buffer) => void;

/**
 * Reads one body after another of a connection: says where each ends, and passes on the data within as parts of the pieces
 * that came. The bytes of a piece are this reader's: data of small chunks are moved together in place.
 */
export class BodyReader {
  /** The body has ended as its framing says. */
  isDone = true;
  /** Trailer fields of a chunked body that had some, once it is done. */
  trailers: FieldSection | null = null;
  private readonly limits: BodyLimits;
  private kind: BodyKind = 'none';
  /** Bytes to come, of the body or of the present chunk. */
  private left = 0;
  private state = SIZE;
  /** Digits of the size, or characters of the present part of an extension. */
  private partBytes = 0;
  private lineBytes = 0;
  private extensionBytes = 0;
  private section: TrailerSection | null = null;

  constructor(limits: BodyLimits = BODY_LIMITS) {
    this.limits = limits;
  }

  /** Begins the body of another message. `bytes` is its Content-Length where `kind` is `length`. */
  begin(kind: BodyKind, bytes: number): void {
    this.kind = kind;
    this.left = kind === 'length' ? bytes : 0;
    this.isDone = kind === 'none' || (kind === 'length' && bytes === 0);
    this.trailers = null;
    this.section = null;
    this.state = SIZE;
    this.partBytes = 0;
    this.lineBytes = 0;
    this.extensionBytes = 0;
  }

  /** Reads on from `from`; gives the index behind what belongs to this body: the end of the piece unless `isDone`. Throws Http1Error. */
  read(piece: Buffer, from: number, sink: BodySink): number {
    if (this.isDone) return from;
    if (this.kind === 'chunked') return this.readChunked(piece, from, sink);
    const end = this.kind === 'close' ? piece.length : Math.min(piece.length, from + this.left);
    if (this.kind === 'length') {
      this.left -= end - from;
      this.isDone = this.left === 0;
    }
    pass(piece, from, end, sink);
    return end;
  }

  /** The other side sends no more. Throws `truncated` where the body is not whole. */
  end(): void {
    if (this.kind === 'close') this.isDone = true;
    if (!this.isDone) throw new Http1Error('truncated');
  }

  private readChunked(piece: Buffer, from: number, sink: BodySink): number {
    let at = from;
    // Data that wait to be passed on as one piece.
    let readyStart = from;
    let readyEnd = from;
    while (at < piece.length && !this.isDone) {
      if (this.state === DATA) {
        const end = Math.min(piece.length, at + this.left);
        const length = end - at;
        this.left -= length;
        if (this.left === 0) this.state = DATA_CARRIAGE_RETURN;
        if (readyEnd > readyStart && length <= MOVED_BYTES_MAX) {
          piece.copyWithin(readyEnd, at, end);
          readyEnd += length;
        } else {
          pass(piece, readyStart, readyEnd, sink);
          readyStart = at;
          readyEnd = end;
        }
        at = end;
      } else if (this.state === TRAILERS && (this.section !== null || piece[at] !== CR)) {
        at = this.readTrailers(piece, at);
      } else {
        this.takeFramingByte(piece[at] as number);
        at += 1;
      }
    }
    pass(piece, readyStart, readyEnd, sink);
    return at;
  }

  private takeFramingByte(byte: number): void {
    switch (this.state) {
      case DATA_CARRIAGE_RETURN:
        if (byte !== CR) throw new Http1Error('chunk_end');
        this.state = DATA_LINE_FEED;
        return;
      case DATA_LINE_FEED:
        if (byte !== LF) throw new Http1Error('chunk_end');
        this.state = SIZE;
        this.partBytes = 0;
        this.lineBytes = 0;
        return;
      case SIZE_LINE_FEED:
        if (byte !== LF) throw new Http1Error('line_end');
        this.state = this.left === 0 ? TRAILERS : DATA;
        return;
      case TRAILERS:
        // A CR: there are none.
        this.state = LAST_LINE_FEED;
        return;
      case LAST_LINE_FEED:
        if (byte !== LF) throw new Http1Error('line_end');
        this.isDone = true;
        return;
      default:
        this.lineBytes += 1;
        if (this.lineBytes > this.limits.chunkLineBytesMax) throw new Http1Error('chunk_line_too_long');
        if (this.state === SIZE) this.takeSizeByte(byte);
        else this.takeExtensionByte(byte);
    }
  }

  private takeSizeByte(byte: number): void {
    const value = HEX_VALUE[byte] as number;
    if (value < 16) {
      this.partBytes += 1;
      if (this.partBytes > CHUNK_SIZE_DIGITS_MAX) throw new Http1Error('chunk_size');
      this.left = this.left * 16 + value;
    } else if (this.partBytes > 0 && byte === CR) {
      this.state = SIZE_LINE_FEED;
    } else if (this.partBytes > 0 && byte === SEMICOLON) {
      this.beginPart(EXTENSION_NAME);
    } else {
      throw new Http1Error(byte === LF ? 'line_end' : 'chunk_size');
    }
  }

  private takeExtensionByte(byte: number): void {
    this.extensionBytes += 1;
    if (this.extensionBytes > this.limits.extensionBytesMax) throw new Http1Error('chunk_line_too_long');
    const { state } = this;
    if (state === QUOTED || state === QUOTED_PAIR) {
      if (TEXT[byte] !== 1) throw new Http1Error('chunk_extension');
      if (state === QUOTED_PAIR) this.state = QUOTED;
      else if (byte === BACKSLASH) this.state = QUOTED_PAIR;
      else if (byte === QUOTE) this.state = AFTER_QUOTED;
    } else if (state !== AFTER_QUOTED && TOKEN[byte] === 1) {
      this.partBytes += 1;
    } else if (state === EXTENSION_VALUE && this.partBytes === 0 && byte === QUOTE) {
      this.beginPart(QUOTED);
    } else if (state !== AFTER_QUOTED && this.partBytes === 0) {
      throw new Http1Error('chunk_extension');
    } else if (byte === EQUALS && state === EXTENSION_NAME) {
      this.beginPart(EXTENSION_VALUE);
    } else if (byte === SEMICOLON) {
      this.beginPart(EXTENSION_NAME);
    } else if (byte === CR) {
      this.state = SIZE_LINE_FEED;
    } else {
      throw new Http1Error(byte === LF ? 'line_end' : 'chunk_extension');
    }
  }

  private beginPart(state: number): void {
    this.state = state;
    this.partBytes = 0;
  }

  private readTrailers(piece: Buffer, from: number): number {
    this.section ??= new TrailerSection(this.limits);
    const at = this.section.read(piece, from);
    if (at === NEED_MORE) return piece.length;
    this.trailers = this.section.fields;
    this.isDone = true;
    return at;
  }
}

/** Trailer fields on their way in; made for the few bodies that have some. */
class TrailerSection {
  readonly fields: FieldSection;
  private readonly source: HeldBytes;
  private scanned = 0;

  constructor(limits: BodyLimits) {
    this.fields = new FieldSection(limits.trailerFieldsMax, 'trailers_too_large');
    this.source = new HeldBytes(limits.trailerBytesMax);
  }

  /** As `RequestHead.read`; the fields refer to the bytes of the last piece. */
  read(piece: Buffer, from: number): number {
    const { source, fields } = this;
    source.take(piece, from);
    const { bytes, base, end } = source;
    const at = fields.scan(bytes, base, base + this.scanned, end);
    if (at !== NEED_MORE) {
      for (let index = 0; index < fields.count; index += 1) {
        if (NEVER_IN_TRAILERS.has(fields.idAt(index))) throw new Http1Error('framing_in_trailers');
      }
      return source.placeInPiece(at);
    }
    if (source.isFull) throw new Http1Error('trailers_too_large');
    source.keep();
    this.scanned = end - base;
    return NEED_MORE;
  }
}

function pass(piece: Buffer, start: number, end: number, sink: BodySink): void {
  if (start === end) return;
  sink(start === 0 && end === piece.length ? piece : piece.subarray(start, end));
}
