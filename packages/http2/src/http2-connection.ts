import { ContentSender } from './content-sender.ts';
import { ERROR_CODES, Http2Error, protocol, wrongSize } from './error-codes.ts';
import { FrameReader, readNumber } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { FLAG, FRAME, WINDOW_BYTES, WINDOW_BYTES_MAX } from './frames.ts';
import { BlockAssembly, contentOf } from './header-block.ts';
import type { FieldPair, HeaderField } from './header-field.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import type { Http2Limits } from './http2-limits.ts';
import type { Http2Stream, StreamHost } from './http2-stream.ts';
import { PeerAccount } from './peer-account.ts';
import { ReceiveAccount } from './receive-account.ts';
import { PeerSettings, writeSettings } from './settings.ts';
import { StreamTable } from './stream-table.ts';

export interface Http2ConnectionOptions {
  readonly limits: Http2Limits;
  /** Something is to be taken by `takeOutput`; said once until it is. */
  readonly onOutput: () => void;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

/**
 * One side of an HTTP/2 connection (RFC 9113), without a socket: bytes go in by `receive`, and come out by `takeOutput`. Whatever is
 * wrong with the other side's frames is answered with the error code that the RFC names: GOAWAY, after which nothing is read any
 * more, or RST_STREAM. Frames for streams that have ended are passed over.
 */
export abstract class Http2Connection implements StreamHost {
  /** Nothing is read or begun any more; what is to be taken is the last. */
  isOver = false;
  /** Why: error code of the GOAWAY. */
  code: number = ERROR_CODES.none;
  /** What was wrong, for logs. */
  fault = '';
  protected readonly streams = new StreamTable();
  protected readonly limits: Http2Limits;
  protected readonly peer = new PeerSettings();
  protected readonly writer = new FrameWriter();
  protected readonly account: PeerAccount;
  readonly #options: Http2ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #encoder = new HpackEncoder();
  readonly #decoder: HpackDecoder;
  readonly #blocks = new BlockAssembly();
  readonly #sender: ContentSender;
  readonly #received: ReceiveAccount;
  #hasSettings = false;
  #isTold = false;
  /** Whose content comes; null: it is thrown away. */
  #incoming: Http2Stream | null = null;
  /** Bytes of its frame, and of the content in it so far. */
  #frameBytes = 0;
  #contentBytes = 0;

  /** `preface`: what the other side must begin with. */
  constructor(options: Http2ConnectionOptions, preface: Buffer) {
    const { limits, now } = options;
    this.#options = options;
    this.limits = limits;
    this.#received = new ReceiveAccount(limits, (stream, bytes) =>
      this.#write(FRAME.windowUpdate, stream, bytes),
    );
    this.#decoder = new HpackDecoder(limits.fieldList);
    this.account = new PeerAccount(limits, now);
    this.#sender = new ContentSender(this.writer, (stream, bytes) => {
      this.account.sent(bytes, stream.hasMoreToSend);
      this.#closeIfDone(stream);
    });
    this.#reader = new FrameReader(preface, {
      frame: (type, flags, stream, payload) => this.#takeFrame(type, flags, stream, payload),
      dataBegins: (stream, length) => this.#dataBegins(stream, length),
      data: (chunk) => this.#takeData(chunk),
      dataEnds: (isLast) => this.#dataEnds(isLast),
    });
  }

  /** Streams that are open. */
  get streamCount(): number {
    return this.streams.size;
  }

  /** Takes bytes of the other side, which become the connection's. */
  receive(piece: Buffer): void {
    if (this.isOver) return;
    try {
      this.#reader.read(piece);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.end(error.code, error.message);
    }
  }

  /** What is to be written now, in order. */
  takeOutput(): Buffer[] {
    this.#isTold = true;
    this.#sender.send();
    this.#isTold = false;
    const pieces = this.writer.take();
    if (this.#sender.canSend) this.tellOutput();
    return pieces;
  }

  /** Says whether the socket takes more content; frames without content are given out in any case. */
  setRoom(hasRoom: boolean): void {
    this.#sender.hasRoom = hasRoom;
    if (this.#sender.canSend) this.tellOutput();
  }

  /** The socket is gone. */
  onGone(): void {
    this.isOver = true;
    for (const stream of this.streams.all()) this.#close(stream, ERROR_CODES.cancel);
  }

  /** Ends the connection at once, saying why. */
  end(code: number, why: string): void {
    if (this.isOver) return;
    this.code = code;
    this.fault = why;
    this.writeGoaway(code, why);
    this.onGone();
  }

  wantsToSend(stream: Http2Stream): void {
    this.#sender.add(stream);
    if (this.#sender.canSend) this.tellOutput();
  }

  sendHeaders(stream: Http2Stream, fields: readonly FieldPair[], isLast: boolean): void {
    this.writer.headers(stream.id, this.#encoder.encode(fields), isLast);
    if (isLast) {
      stream.isLocalDone = true;
      this.#closeIfDone(stream);
    }
    this.tellOutput();
  }

  consumed(stream: Http2Stream, bytes: number, isThrownAway: boolean): void {
    this.#received.released(bytes);
    if (!isThrownAway) this.#received.credit(stream, bytes);
  }

  reset(stream: Http2Stream, code: number): void {
    if (stream.isClosed) return;
    this.#write(FRAME.rstStream, stream.id, code);
    this.#close(stream, code);
  }

  /** A whole header block. `fields` is null where there are too many of them. */
  protected abstract takeFields(id: number, fields: readonly HeaderField[] | null, isLast: boolean): void;
  /** Whether a stream with this number has never been opened. */
  protected abstract isIdle(id: number): boolean;
  /** GOAWAY came: streams above `lastStream` were not looked at. */
  protected abstract takeGoaway(lastStream: number): void;
  /** Whether content may come now. */
  protected abstract takesData(stream: Http2Stream): boolean;
  /** The other side has reset a stream, which is about to be closed. */
  protected abstract takeReset(stream: Http2Stream, code: number): void;
  /** Nothing more is to come of our side of a stream, while the other side still sends. */
  protected abstract localSideEnded(stream: Http2Stream): void;
  protected abstract lastPeerStream(): number;
  protected begin(preface: Buffer, settings: readonly (readonly [number, number])[]): void {
    const { connectionWindowBytes } = this.limits;
    this.writer.raw(preface);
    this.writer.frame(FRAME.settings, 0, 0, writeSettings(settings));
    if (connectionWindowBytes > WINDOW_BYTES)
      this.writer.number(FRAME.windowUpdate, 0, connectionWindowBytes - WINDOW_BYTES);
    this.tellOutput();
  }

  protected open(stream: Http2Stream): void {
    this.streams.add(stream);
  }

  protected writeGoaway(code: number, why: string): void {
    const payload = Buffer.alloc(8 + why.length);
    payload.writeUInt32BE(this.lastPeerStream(), 0);
    payload.writeUInt32BE(code, 4);
    payload.write(why, 8, 'latin1');
    this.writer.frame(FRAME.goaway, 0, 0, payload);
    this.tellOutput();
  }

  /** Refuses a stream, open or not, for what the other side does; too many of those end the connection. */
  protected refuse(id: number, code: number): void {
    const stream = this.streams.get(id);
    this.account.countReset();
    if (stream !== undefined) this.reset(stream, code);
    else this.#write(FRAME.rstStream, id, code);
  }

  /** Refuses a message that breaks the rules (RFC 9113 section 8.1.1). */
  refuseMalformed(id: number): void {
    this.account.countMalformed();
    this.refuse(id, ERROR_CODES.protocol);
  }

  protected takeTrailers(stream: Http2Stream, fields: readonly FieldPair[] | null): void {
    if (fields === null) this.refuseMalformed(stream.id);
    else {
      stream.trailers = fields;
      this.endRemote(stream);
    }
  }

  /** END_STREAM came. */
  protected endRemote(stream: Http2Stream): void {
    if (stream.takeEnd()) this.#closeIfDone(stream);
    else this.refuseMalformed(stream.id);
  }

  #takeFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (!this.#hasSettings && (type !== FRAME.settings || (flags & FLAG.ack) !== 0))
      throw protocol('the first frame is not SETTINGS');
    this.#hasSettings = true;
    if (this.#blocks.isOpen && type !== FRAME.continuation) throw protocol('a frame within a header block');
    switch (type) {
      case FRAME.headers:
        this.#blocks.begin(id, flags, contentOf(flags, payload));
        this.#endBlock(flags);
        return;
      case FRAME.continuation:
        this.#blocks.add(id, payload);
        this.#endBlock(flags);
        return;
      case FRAME.windowUpdate:
        this.#takeWindowUpdate(id, readNumber(payload));
        return;
      case FRAME.rstStream:
        this.#takeReset(id, readNumber(payload));
        return;
      case FRAME.settings:
        this.#takeSettings(flags, id, payload);
        return;
      case FRAME.ping:
        this.#takePing(flags, id, payload);
        return;
      case FRAME.goaway:
        if (id !== 0) throw protocol('GOAWAY on a stream');
        if (payload.length < 8) throw wrongSize('GOAWAY');
        this.account.countControl();
        this.takeGoaway(payload.readUInt32BE(0) & WINDOW_BYTES_MAX);
        return;
      case FRAME.pushPromise:
        throw protocol('PUSH_PROMISE is not wanted');
      case FRAME.priority:
        if (id === 0) throw protocol('PRIORITY without a stream');
        if (payload.length !== 5) throw wrongSize('PRIORITY');
        this.account.countControl();
        return;
      default:
        this.account.countControl();
    }
  }

  #endBlock(flags: number): void {
    if ((flags & FLAG.endHeaders) === 0) return;
    const { id, isLast, block } = this.#blocks.end();
    this.takeFields(id, this.#decoder.decode(block), isLast);
  }

  #dataBegins(id: number, length: number): void {
    if (!this.#hasSettings || this.#blocks.isOpen) throw protocol('DATA out of place');
    if (id === 0 || this.isIdle(id)) throw protocol('DATA without a stream');
    this.#frameBytes = length;
    this.#contentBytes = 0;
    this.#received.came(length);
    const stream = this.streams.get(id) ?? null;
    this.#incoming = stream;
    if (stream !== null) {
      if (!this.takesData(stream)) throw protocol('DATA before the head');
      if (stream.isRemoteDone) throw new Http2Error(ERROR_CODES.streamClosed, 'DATA after END_STREAM');
      if (length > stream.receiveWindow) this.refuse(id, ERROR_CODES.flowControl);
      stream.receiveWindow -= length;
    }
  }

  #takeData(chunk: Buffer): void {
    const stream = this.#incoming;
    this.#contentBytes += chunk.length;
    if (stream === null || stream.isClosed) return;
    this.#received.held(chunk.length);
    stream.takeData(chunk);
  }

  #dataEnds(isLast: boolean): void {
    const stream = this.#incoming;
    this.#incoming = null;
    // An end comes once for each stream: many clients send it by itself.
    if (this.#contentBytes === 0 && !(isLast && stream !== null)) this.account.countControl();
    if (stream === null || stream.isClosed) return;
    // Padding counts for the window, and nobody takes it.
    const paddingBytes = this.#frameBytes - this.#contentBytes;
    if (paddingBytes > 0) this.#received.credit(stream, paddingBytes);
    if (isLast) this.endRemote(stream);
  }

  #takeWindowUpdate(id: number, value: number): void {
    this.account.countUpdate();
    const bytes = value & WINDOW_BYTES_MAX;
    if (id === 0) {
      if (bytes === 0) throw protocol('WINDOW_UPDATE of nothing');
      this.#sender.widen(bytes);
      if (this.#sender.canSend) this.tellOutput();
      return;
    }
    if (this.isIdle(id)) throw protocol('WINDOW_UPDATE of an idle stream');
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    if (bytes === 0) this.refuse(id, ERROR_CODES.protocol);
    else if (stream.sendWindow + bytes > WINDOW_BYTES_MAX) this.refuse(id, ERROR_CODES.flowControl);
    else {
      stream.sendWindow += bytes;
      if (stream.hasMoreToSend) this.wantsToSend(stream);
    }
  }

  #takeReset(id: number, code: number): void {
    if (id === 0 || this.isIdle(id)) throw protocol('RST_STREAM without a stream');
    this.account.countReset();
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    this.takeReset(stream, code);
    this.#close(stream, code);
  }

  #takeSettings(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw protocol('SETTINGS on a stream');
    if (payload.length % 6 !== 0) throw wrongSize('SETTINGS');
    this.account.countControl();
    if ((flags & FLAG.ack) !== 0) {
      if (payload.length !== 0) throw wrongSize('SETTINGS');
      return;
    }
    const before = this.peer.initialWindow;
    this.peer.take(payload, (bytes) => this.#encoder.resize(bytes));
    const change = this.peer.initialWindow - before;
    if (change !== 0) for (const stream of this.streams.all()) this.#moveWindow(stream, change);
    this.writer.frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0));
    this.tellOutput();
  }

  /** RFC 9113 section 6.9.2: a new initial window moves those of all streams, also below nothing. */
  #moveWindow(stream: Http2Stream, change: number): void {
    stream.sendWindow += change;
    if (stream.sendWindow > WINDOW_BYTES_MAX)
      throw new Http2Error(ERROR_CODES.flowControl, 'the window of a stream is too large');
    if (stream.hasMoreToSend) this.wantsToSend(stream);
  }

  #takePing(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw protocol('PING on a stream');
    if (payload.length !== 8) throw wrongSize('PING');
    this.account.countControl();
    if ((flags & FLAG.ack) !== 0) return;
    this.writer.frame(FRAME.ping, FLAG.ack, 0, payload);
    this.tellOutput();
  }

  #closeIfDone(stream: Http2Stream): void {
    if (stream.isClosed || !stream.isLocalDone) return;
    if (stream.isRemoteDone) this.#close(stream, ERROR_CODES.none);
    else this.localSideEnded(stream);
  }

  #close(stream: Http2Stream, code: number): void {
    if (stream.isClosed) return;
    this.streams.delete(stream);
    this.#sender.delete(stream);
    stream.close(code);
  }

  #write(type: number, stream: number, value: number): void {
    this.writer.number(type, stream, value);
    this.tellOutput();
  }

  protected tellOutput(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#options.onOutput();
  }
}
