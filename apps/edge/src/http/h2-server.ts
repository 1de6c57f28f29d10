import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Connection } from '../connection.ts';
import { resetStream } from '../upstream/reset-stream.ts';
import type { HandleExchange } from './h1-server.ts';
import { createHttp2Exchange } from './h2-exchange.ts';
import { type ClientPace, HTTP_LIMITS } from './http-limits.ts';
import type { UnreadAnswers } from './unread-answers.ts';

/** Streams a client may reset: at once, and per second after that. Browsers cancel some dozens; rapid reset needs thousands (CVE-2023-44487). */
const RESET_BURST = 200;
const RESET_PER_SECOND = 33;
/** PING and SETTINGS frames a client may send: at once, and per second after that; every body chunk sent gives one more (gRPC probes while it reads). */
const CONTROL_BURST = 1_000;
const CONTROL_PER_SECOND = 100;
/** Bytes. Receive windows of a stream and of a session: uploads at full speed over 20 ms, and a bounded sum. */
const STREAM_WINDOW_BYTES = 256 * 1024;
const SESSION_WINDOW_BYTES = 1024 * 1024;

/** Speaks HTTP/2 on an admitted connection. RFC 8441 (WebSocket) is not advertised. */
export function serveHttp2(
  connection: Connection,
  handle: HandleExchange,
  pace: ClientPace,
  unread: UnreadAnswers,
  onFlood: (connection: Connection) => void = () => {},
): { drain(): void } {
  // The handshake is over, but Node believes this flag of a socket that it did not make itself.
  Reflect.set(connection.socket, 'secureConnecting', false);
  const session = performServerHandshake(connection.socket, {
    settings: {
      maxConcurrentStreams: HTTP_LIMITS.concurrentStreamsMax,
      maxHeaderListSize: HTTP_LIMITS.headBytesMax,
      initialWindowSize: STREAM_WINDOW_BYTES,
    },
    maxSessionInvalidFrames: 20,
    maxSessionRejectedStreams: 20,
    streamResetBurst: RESET_BURST,
    streamResetRate: RESET_PER_SECOND,
    // A service that says X-Content-Type-Options twice is passed on as it is, like over HTTP/1.1.
    strictSingleValueFields: false,
  });
  session.setLocalWindowSize(SESSION_WINDOW_BYTES);
  let streams = 0;
  let isFlood = false;
  const budget = createFrameBudget(CONTROL_BURST, CONTROL_PER_SECOND);
  // A little less than Node allows, which cuts the session off without a word.
  const resets = createFrameBudget(RESET_BURST * 0.9, RESET_PER_SECOND);
  const onControlFrame = (): void => {
    if (budget.take()) return;
    isFlood = true;
    session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  session.on('ping', onControlFrame);
  session.on('remoteSettings', onControlFrame);
  // Node closes a session that fails; its streams hear of it one by one.
  session.on('error', (error: NodeJS.ErrnoException) => {
    // A connection that breaks is nobody's flood.
    isFlood ||= error.code?.startsWith('ERR_HTTP2_') === true;
  });
  // Not session.setTimeout: it fires once, perhaps beside a quiet stream, and a PING now and then would put it off for ever.
  const idle = setTimeout(() => {
    if (streams === 0) endSession(session);
  }, pace.idleMs);
  session.once('close', () => {
    clearTimeout(idle);
    if (isFlood) onFlood(connection);
  });
  session.on('stream', (stream, _headers, _flags, raw: unknown) => {
    streams += 1;
    stream.once('close', () => {
      streams -= 1;
      if (stream.rstCode === constants.NGHTTP2_CANCEL && !resets.take()) isFlood = true;
      if (streams === 0 && !session.destroyed) idle.refresh();
    });
    stream.on('drain', budget.give);
    // A session that fails tells each of its streams, also those that nobody has begun to serve.
    stream.on('error', () => undefined);
    // What is reset in the bytes that brought it costs nothing more: a rapid reset would have each of its streams begun upstream.
    setImmediate(() => {
      if (!stream.destroyed && !stream.aborted) serve(stream, Array.isArray(raw) ? raw.map(String) : []);
    });
  });
  const serve = (stream: ServerHttp2Stream, raw: readonly string[]): void => {
    const exchange = createHttp2Exchange({
      stream,
      raw,
      dismissSession: () => {
        endSession(session);
      },
    });
    void handle(exchange, connection).then(() => {
      if (stream.destroyed) return;
      const taken = unread.watch(
        () => stream.writableLength,
        () => resetStream(stream, constants.NGHTTP2_CANCEL),
      );
      stream.once('close', taken);
    });
  };
  return {
    drain() {
      session.close();
    },
  };
}

/** GOAWAY, and the end of the socket at the latest when a client does not take the hint. */
function endSession(session: ServerHttp2Session): void {
  session.close();
  setTimeout(() => {
    session.destroy();
  }, HTTP_LIMITS.drainMs).unref();
}

/** A token bucket: `take` says whether there was one. */
function createFrameBudget(burst: number, perSecond: number): { take(): boolean; give(): void } {
  let tokens = burst;
  let filledAt = performance.now();
  return {
    take() {
      const now = performance.now();
      tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * perSecond);
      filledAt = now;
      tokens -= 1;
      return tokens >= 0;
    },
    give() {
      tokens = Math.min(burst, tokens + 1);
    },
  };
}
