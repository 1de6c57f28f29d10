import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { PosternError, type Target } from '@postern/contracts/plain';
import { Http2ClientConnection, type Http2Limits } from '@postern/http2';
import { destroyAfter } from '../destroy-after.ts';
import { tieToSocket } from '../http2-socket.ts';
import type { AddressGuard } from './address-guard.ts';
import { openSocket } from './open-socket.ts';
import { type Copies, readCopies } from './read-copies.ts';

/** Milliseconds a session without streams is kept. */
const IDLE_MS = 60_000;
/** Milliseconds that a service has to end a session that was ended here. */
const END_MS = 1_000;
/** Streams put on one session even where the upstream allows more, so that one connection does not carry everything. */
const STREAMS_MAX = 100;

/** What a service may send. It is trusted with more than a client: what it resets, or sends in vain, is its own affair. */
const LIMITS: Http2Limits = {
  // One stream may fill a fast path, all together stay bounded.
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 4 * 1024 * 1024,
  heldBytesMax: 16 * 1024 * 1024,
  concurrentStreamsMax: 0,
  headerListBytes: 64 * 1024,
  fieldList: { bytesMax: 64 * 1024, fieldsMax: 256 },
  resetBurst: 1_000_000,
  resetsPerSecond: 1_000_000,
  controlBurst: 10_000,
  controlsPerSecond: 1_000,
  updateBurst: 100_000,
  malformedMax: Number.POSITIVE_INFINITY,
};

/** The HTTP/2 connections to one target. */
export interface Http2Sessions {
  /** A place for one stream on a session that stands; null where none has room. */
  take(): StreamPlace | null;
  /** A place for one stream; opens a session where none has room. Fails with the problems of connecting. */
  acquire(): Promise<StreamPlace>;
  /** Ends idle sessions now and the others after their streams. */
  close(): void;
  /** Ends all sessions now. */
  destroy(): void;
}

export interface StreamPlace {
  readonly http2: Http2ClientConnection;
  /** What broke the connection; null where nothing did, or it ended without an error. */
  readonly error: Error | null;
  /** Gives the place back; to be called once. */
  release(): void;
  /** Gives the session no further streams: its target may be gone without having said so. */
  retire(): void;
}

export interface Http2SessionsOptions {
  readonly target: Target;
  /** Null: plaintext with prior knowledge (h2c). */
  readonly secureContext: SecureContext | null;
  readonly connectMs: number;
  readonly guard: AddressGuard;
}

/** Keeps sessions to a target, one opening at a time, and forgets those that ended or said GOAWAY. */
export function createHttp2Sessions(options: Http2SessionsOptions): Http2Sessions {
  const sessions = new Set<Session>();
  let opening: Promise<void> | null = null;
  const take = (): StreamPlace | null => {
    for (const session of sessions) {
      if (!session.http2.isOpen) sessions.delete(session);
      else if (session.hasRoom) return session.take();
    }
    return null;
  };
  const open = async (): Promise<void> => {
    const copies = readCopies();
    const session = new Session(await connectTo(options, copies), copies, () => sessions.delete(session));
    sessions.add(session);
  };
  return {
    take,
    async acquire() {
      for (;;) {
        const place = take();
        if (place !== null) return place;
        opening ??= open().finally(() => {
          opening = null;
        });
        await opening;
      }
    },
    close() {
      for (const session of sessions) session.retire();
    },
    destroy() {
      for (const session of sessions) session.socket.destroy();
      sessions.clear();
    },
  };
}

/** One connection and the streams on it. */
class Session implements StreamPlace {
  readonly socket: Socket;
  readonly http2: Http2ClientConnection;
  error: Error | null = null;
  #isEnding = false;
  /** Places taken; their streams may be still to come. */
  #places = 0;
  readonly #forget: () => void;

  constructor(socket: Socket, copies: Copies, forget: () => void) {
    this.socket = socket;
    this.#forget = forget;
    const turns = tieToSocket(socket, () => this.http2, {
      // In a later turn, when there is a connection.
      read: (listener) => setImmediate(() => copies.listen(listener)),
      before() {},
      after: () => this.#endIfDone(),
    });
    this.http2 = new Http2ClientConnection({
      limits: LIMITS,
      now: () => performance.now(),
      onOutput: () => turns.schedule(),
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    // A TLS alert ends the socket first and is told afterwards.
    socket.on('end', () => setImmediate(() => socket.destroy()));
    socket.once('close', () => {
      forget();
      this.http2.onGone();
    });
    socket.setTimeout(IDLE_MS, () => {
      if (this.#places === 0) this.retire();
    });
  }

  get hasRoom(): boolean {
    return this.#places < Math.min(STREAMS_MAX, this.http2.streamsMax);
  }

  take(): StreamPlace {
    this.#places += 1;
    return this;
  }

  release(): void {
    this.#places -= 1;
    this.#endIfDone();
  }

  retire(): void {
    this.#forget();
    this.http2.leave();
    this.#endIfDone();
  }

  #endIfDone(): void {
    const { http2, socket } = this;
    if (this.#isEnding || !(http2.isOver || (!http2.isOpen && this.#places === 0))) return;
    this.#isEnding = true;
    this.#forget();
    // What is to be written goes first.
    setImmediate(() => socket.end());
    destroyAfter(socket, END_MS);
  }
}

async function connectTo(options: Http2SessionsOptions, { onread }: Copies): Promise<Socket> {
  const socket = await openSocket({ ...options, onread, protocols: ['h2'] });
  if (!(socket instanceof TLSSocket) || socket.alpnProtocol === 'h2') return socket;
  socket.destroy();
  throw new PosternError('upstream_invalid', {
    detail: 'The upstream does not speak HTTP/2, which gRPC needs.',
  });
}
