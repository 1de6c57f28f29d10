import { PosternError, targetName } from '@postern/contracts/plain';
import { Http1Error, NEED_MORE, type ResponseHead } from '@postern/http1';
import { forbidden } from './address-guard.ts';
import type { Attempt, UpstreamResponse } from './attempt.ts';
import type { AttemptOptions } from './attempt-options.ts';
import { type BodyReceiver, type BodySource, type BodyWriter, NO_BODY, NO_TRAILERS } from './body.ts';
import type { Field } from './fields.ts';
import { Http1BodyWriter } from './h1-body-writer.ts';
import type { ConnectionUser, Http1Connection } from './h1-connection.ts';
import type { Http1Connections } from './h1-connections.ts';
import { hostLineOf, saysEmpty, writeOwnRequestHead } from './h1-own-head.ts';
import { problemOfUpstream, StaleConnectionError } from './upstream-error.ts';

/** Interim answers before the answer: real ones send one or two (100, 103), and each is passed on to the client. */
const INTERIM_HEADS_MAX = 16;
/** Bytes of a body that are held before anybody listens; then reading stops. */
const HELD_BYTES_MAX = 64 * 1024;

/** How the body of a request is framed, by its form. */
const FRAMINGS = { none: 'none', sized: 'length', streamed: 'chunked' } as const;
const NOTHING_HELD: Buffer[] = [];

/**
 * Sends one request over HTTP/1.1: at once where a connection is idle, else when one stands. The head goes out with what is
 * written of the body in the same turn, or with a `flush`.
 */
export function startHttp1Attempt(options: AttemptOptions): Attempt | Promise<Attempt> {
  const { pool, target, guard } = options;
  const connections = pool.connectionsFor(target);
  // Written before anything is waited for: it refers to the bytes of the client's request, which do not wait.
  const head = headOf(options);
  const known = isAlone(options) ? undefined : connections.take();
  if (known === undefined) return openAttempt(options, connections, head);
  // Looked at again, because what is forbidden may have changed since it was connected.
  const { address } = known;
  const refusal = guard.refusalSince(address, target.port);
  if (refusal === undefined) return new Http1Attempt(options, connections, known, head, true);
  known.socket.destroy();
  throw forbidden(target.host, address, refusal);
}

async function openAttempt(
  options: AttemptOptions,
  connections: Http1Connections,
  head: Buffer,
): Promise<Attempt> {
  const connection = await connections.open(options.request.websocket);
  return new Http1Attempt(options, connections, connection, head, false);
}

/** Whether it uses no connection that has served before, and nobody uses this one afterwards. */
function isAlone({ fresh, request }: AttemptOptions): boolean {
  return fresh || request.websocket;
}

function headOf({ request, authority }: AttemptOptions): Buffer {
  const hostLine = authority === request.clientAuthority ? null : hostLineOf(authority);
  return request.writeHttp1Head(hostLine) ?? writeOwnRequestHead(request, authority);
}

class Http1Attempt implements Attempt, ConnectionUser, BodySource {
  readonly isLent = true;
  readonly #writer: Http1BodyWriter;
  readonly #connection: Http1Connection;
  readonly #connections: Http1Connections;
  readonly #options: AttemptOptions;
  readonly #isReused: boolean;
  /** The answer's head is there. */
  #isAnswered = false;
  /** Nothing more is read or written for this attempt. */
  #isOver = false;
  /** The whole request has been written. */
  #isSent: boolean;
  /** The target has sent something since the connection was taken. */
  #hasSpoken = false;
  #interimHeads = 0;
  #receiver: BodyReceiver | null = null;
  #isPaused = false;
  /** The piece that brought the end of the head, where the body goes on in it at `#restAt`; lent for this turn. */
  #rest: Buffer | null = null;
  #restAt = 0;
  /** Pieces of the body that nobody has listened to yet. */
  #held = NOTHING_HELD;
  #heldBytes = 0;
  /** The target has said that it sends no more. */
  #hasEnded = false;
  /** The connection went without that, or by an error: what is held is not the whole of a body. */
  #isCut = false;
  #trailers: readonly Field[] = NO_TRAILERS;
  /** For how long the connection may be idle after this answer. */
  #idleMs = 0;

  constructor(
    options: AttemptOptions,
    connections: Http1Connections,
    connection: Http1Connection,
    head: Buffer,
    isReused: boolean,
  ) {
    const { body } = options.request;
    this.#options = options;
    this.#connections = connections;
    this.#connection = connection;
    this.#isReused = isReused;
    this.#isSent = body.kind === 'none';
    const bytes = body.kind === 'sized' ? body.bytes : 0;
    this.#writer = new Http1BodyWriter(connection.socket, FRAMINGS[body.kind], bytes, head);
    connection.user = this;
    connection.bodyTaker = this;
  }

  get writer(): BodyWriter {
    return this.#writer;
  }

  finish(trailers: readonly Field[]): void {
    if (this.#isSent || this.#isOver) return;
    this.#isSent = true;
    this.#writer.end(trailers);
  }

  abort(): void {
    if (this.#isOver) return;
    this.#fail(this.#invalid('the exchange was ended'));
  }

  onRoom(): void {
    this.#writer.onRoom();
  }

  /** The trailer section of the answer. */
  get trailers(): readonly Field[] {
    return this.#trailers;
  }

  onPiece(piece: Buffer): void {
    this.#hasSpoken = true;
    if (this.#isAnswered) {
      if (this.#receiver === null || this.#isPaused || this.#held.length > 0) this.#hold(piece, 0);
      else this.#read(piece, 0);
      return;
    }
    try {
      this.#takeHead(piece);
    } catch (error) {
      this.#fail(error instanceof Http1Error ? this.#invalid(error.fault) : error);
    }
    if (this.#rest !== null && !this.#isOver) this.#hold(this.#rest, this.#restAt);
    this.#rest = null;
  }

  onBody(data: Buffer): void {
    this.#receiver?.data(data);
  }

  onEnd(): void {
    this.#hasEnded = true;
    // A TLS alert ends the socket first and is told afterwards; `onClose` then knows what it was.
    if (!this.#isAnswered) setImmediate(() => this.#connection.socket.destroy());
    else if (this.#held.length === 0 && this.#receiver !== null) this.#endBody();
  }

  onClose(error: Error | null): void {
    if (!this.#isAnswered) this.#fail(this.#closedEarly(error));
    // What is held is told first, to whoever begins to listen.
    else if (this.#held.length === 0 && this.#receiver !== null) this.#breakOff();
    else this.#isCut = error !== null || !this.#hasEnded;
    this.#writer.onGone();
  }

  start(receiver: BodyReceiver): void {
    this.#receiver = receiver;
    if (this.#isOver) this.#tellBroken();
    else if (this.#connection.reader.isDone) this.#complete(true);
    else this.#takeHeld();
  }

  pause(): void {
    if (this.#isOver) return;
    this.#isPaused = true;
    this.#connection.pause();
  }

  resume(): void {
    if (this.#isOver || !this.#isPaused) return;
    this.#isPaused = false;
    this.#takeHeld();
    if (!this.#isPaused && !this.#isOver) this.#connection.resume();
  }

  stop(): void {
    this.#receiver = null;
    this.pause();
  }

  #takeHead(piece: Buffer): void {
    const { head, reader } = this.#connection;
    const { request, events } = this.#options;
    let at = 0;
    for (;;) {
      at = head.read(piece, at);
      if (at === NEED_MORE) return;
      if (!head.isInterim) break;
      this.#interimHeads += 1;
      if (this.#interimHeads > INTERIM_HEADS_MAX) throw this.#invalid('it sent too many interim answers');
      if (head.status === 100) events.onContinue();
      else events.onInform(head.status, head.fields.toPairs());
      head.clear();
      // The client may have gone while it was told.
      if (this.#isOver) return;
    }
    if (head.status === 101) {
      this.#upgrade(at < piece.length ? piece.subarray(at) : Buffer.alloc(0));
      return;
    }
    this.#isAnswered = true;
    this.#idleMs = this.#connection.idleMs();
    reader.begin(head.bodyKind(request.method), head.contentLength);
    if (at < piece.length) {
      this.#rest = piece;
      this.#restAt = at;
    }
    events.onResponse(new Http1Response(this, head, !reader.isDone));
  }

  #upgrade(rest: Buffer): void {
    const { head } = this.#connection;
    const { request, events } = this.#options;
    const protocols = head.fields.valuesOf('upgrade');
    if (!request.websocket || protocols.length !== 1 || protocols[0]?.toLowerCase() !== 'websocket') {
      throw this.#invalid('it switched to a protocol nobody asked for');
    }
    this.#isAnswered = true;
    this.#isOver = true;
    const socket = this.#connection.handOver();
    socket.once('close', () => events.onClosed());
    events.onResponse({
      status: 101,
      fields: head.fields,
      http1Head: null,
      hasBody: false,
      body: NO_BODY,
      trailers: () => NO_TRAILERS,
      upgraded: { socket, head: rest },
    });
  }

  /** Keeps what nobody has taken: where it is now, it will be read over. */
  #hold(piece: Buffer, from: number): void {
    if (this.#held === NOTHING_HELD) this.#held = [];
    this.#held.push(Buffer.from(piece.subarray(from)));
    this.#heldBytes += piece.length - from;
    if (this.#heldBytes >= HELD_BYTES_MAX) this.#connection.pause();
  }

  #takeHeld(): void {
    const rest = this.#rest;
    if (rest !== null && !this.#isPaused && this.#receiver !== null) {
      this.#rest = null;
      this.#read(rest, this.#restAt);
    }
    while (this.#held.length > 0 && !this.#isPaused && !this.#isOver && this.#receiver !== null) {
      const piece = this.#held.shift();
      if (piece === undefined) break;
      const wasFull = this.#heldBytes >= HELD_BYTES_MAX;
      this.#heldBytes -= piece.length;
      this.#read(piece, 0);
      if (wasFull && this.#heldBytes < HELD_BYTES_MAX && !this.#isPaused) this.#connection.resume();
    }
    if (this.#held.length > 0 || this.#receiver === null || this.#isOver) return;
    if (this.#isCut) this.#breakOff();
    else if (this.#hasEnded) this.#endBody();
  }

  #read(piece: Buffer, from: number): void {
    const { reader, bodySink } = this.#connection;
    let at: number;
    try {
      at = reader.read(piece, from, bodySink);
    } catch {
      this.#breakOff();
      return;
    }
    if (reader.isDone && !this.#isOver) this.#complete(at === piece.length);
  }

  /** No more comes: the end of a body without a length, or too early. */
  #endBody(): void {
    const { reader } = this.#connection;
    try {
      reader.end();
    } catch {
      this.#breakOff();
      return;
    }
    this.#complete(false);
  }

  /** The answer is whole. `isClean`: nothing has come behind it. */
  #complete(isClean: boolean): void {
    const { head, reader, socket } = this.#connection;
    const { request } = this.#options;
    this.#trailers = reader.trailers?.toPairs() ?? NO_TRAILERS;
    const isReusable =
      isClean &&
      this.#rest === null &&
      this.#held.length === 0 &&
      !isAlone(this.#options) &&
      this.#isSent &&
      // A program that passes over such a body takes it for the next request, whose answer would be another client's.
      (request.body.kind === 'none' || saysEmpty(request.method)) &&
      !this.#hasEnded &&
      head.keepsConnection(request.method) &&
      socket.writable;
    this.#leave();
    if (isReusable) {
      if (this.#isPaused) this.#connection.resume();
      this.#connections.give(this.#connection, this.#idleMs);
    } else {
      socket.destroy();
      this.#writer.onGone();
    }
    const receiver = this.#receiver;
    this.#receiver = null;
    receiver?.end();
    this.#options.events.onClosed();
  }

  #breakOff(): void {
    if (this.#isOver) return;
    this.#leave();
    this.#connection.socket.destroy();
    this.#writer.onGone();
    this.#tellBroken();
    this.#options.events.onClosed();
  }

  #tellBroken(): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    receiver?.broken();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#leave();
    this.#connection.socket.destroy();
    this.#writer.onGone();
    const { events } = this.#options;
    if (this.#isAnswered) this.#tellBroken();
    else events.onFailed(error);
    events.onClosed();
  }

  /** The connection is nothing to this attempt from here on. */
  #leave(): void {
    this.#isOver = true;
    this.#connection.user = null;
    this.#connection.bodyTaker = null;
  }

  #closedEarly(error: Error | null): Error {
    if (this.#isReused && !this.#hasSpoken)
      return new StaleConnectionError('the reused connection was closed', { cause: error });
    return error === null
      ? this.#invalid('it closed the connection')
      : problemOfUpstream(error, targetName(this.#options.target), true);
  }

  #invalid(why: string): PosternError {
    return new PosternError('upstream_invalid', {
      detail: 'The upstream broke off, or did not speak HTTP, before its response head was complete.',
      context: { target: targetName(this.#options.target), why },
    });
  }
}

/** An answer that came over HTTP/1.1, without an upgrade. */
class Http1Response implements UpstreamResponse {
  readonly status: number;
  readonly fields: ResponseHead['fields'];
  readonly http1Head: ResponseHead;
  readonly hasBody: boolean;
  readonly body: Http1Attempt;
  readonly upgraded = null;

  constructor(body: Http1Attempt, head: ResponseHead, hasBody: boolean) {
    this.status = head.status;
    this.fields = head.fields;
    this.http1Head = head;
    this.hasBody = hasBody;
    this.body = body;
  }

  trailers(): readonly Field[] {
    return this.body.trailers;
  }
}
