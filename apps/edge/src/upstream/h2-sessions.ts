import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { PosternError, type Target } from '@postern/contracts';
import type { AddressGuard } from './address-guard.ts';
import { openSocket } from './open-socket.ts';
import { resetStream } from './reset-stream.ts';

/** Milliseconds a session without streams is kept. */
const IDLE_MS = 60_000;
/** Streams put on one session even where the upstream allows more, so that one connection does not carry everything. */
const STREAMS_MAX = 100;
/** Bytes. Windows of a stream and of a session: one stream may fill a fast path, all together stay bounded. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const SESSION_WINDOW_BYTES = 4 * 1024 * 1024;

/** What a client repeats is the service's to judge, as over HTTP/1.1. Node takes this of clients too, its types do not know. */
const REPEATED_FIELDS_PASS: object = { strictSingleValueFields: false };

/** The HTTP/2 connections to one target. */
export interface Http2Sessions {
  /** A place for one stream; opens a session where none has room. Fails with the problems of connecting. */
  acquire(): Promise<StreamPlace>;
  /** Ends idle sessions now and the others after their streams. */
  close(): void;
  /** Ends all sessions now. */
  destroy(): void;
}

export interface StreamPlace {
  readonly session: ClientHttp2Session;
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
  const streams = new Map<ClientHttp2Session, number>();
  let opening: Promise<ClientHttp2Session> | null = null;

  const change = (session: ClientHttp2Session, by: number): void => {
    const count = streams.get(session);
    if (count !== undefined) streams.set(session, count + by);
  };
  const free = (): ClientHttp2Session | undefined => {
    for (const [session, count] of streams) {
      const allowed = Math.min(STREAMS_MAX, session.remoteSettings?.maxConcurrentStreams ?? STREAMS_MAX);
      if (count < allowed && !session.closed && !session.destroyed) return session;
    }
    return undefined;
  };
  const open = async (): Promise<ClientHttp2Session> => {
    const socket = await connectTo(options);
    const { target } = options;
    const session = connectHttp2(
      `${target.protocol === 'https' ? 'https' : 'http'}://${target.host}:${target.port}`,
      {
        createConnection: () => socket,
        settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
        ...REPEATED_FIELDS_PASS,
      },
    );
    const forget = (): void => {
      streams.delete(session);
    };
    session.on('connect', () => {
      if (!session.destroyed) session.setLocalWindowSize(SESSION_WINDOW_BYTES);
    });
    session.on('error', forget);
    session.on('goaway', forget);
    session.on('close', forget);
    session.setTimeout(IDLE_MS, () => {
      if ((streams.get(session) ?? 0) === 0) session.close();
    });
    session.on('stream', (stream) => {
      resetStream(stream, constants.NGHTTP2_REFUSED_STREAM);
    });
    streams.set(session, 0);
    return session;
  };
  return {
    async acquire() {
      for (;;) {
        const session = free();
        if (session !== undefined) {
          change(session, 1);
          return {
            session,
            release: () => {
              change(session, -1);
            },
            retire: () => {
              streams.delete(session);
              session.close();
            },
          };
        }
        opening ??= open().finally(() => {
          opening = null;
        });
        await opening;
      }
    },
    close() {
      for (const session of streams.keys()) session.close();
      streams.clear();
    },
    destroy() {
      for (const session of streams.keys()) session.destroy();
      streams.clear();
    },
  };
}

async function connectTo(options: Http2SessionsOptions): Promise<Socket> {
  const socket = await openSocket({ ...options, protocols: ['h2'] });
  if (!(socket instanceof TLSSocket) || socket.alpnProtocol === 'h2') return socket;
  socket.destroy();
  throw new PosternError('upstream_invalid', {
    detail: 'The upstream does not speak HTTP/2, which gRPC needs.',
  });
}
