import { constants, performServerHandshake, type ServerHttp2Session } from 'node:http2';
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
): { drain(): void } {
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
  const budget = createFrameBudget();
  const onControlFrame = (): void => {
    if (!budget.take()) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  session.on('ping', onControlFrame);
  session.on('remoteSettings', onControlFrame);
  // Node closes a session that fails; its streams hear of it one by one.
  session.on('error', () => undefined);
  // Not session.setTimeout: it fires once, perhaps beside a quiet stream, and a PING now and then would put it off for ever.
  const idle = setTimeout(() => {
    if (streams === 0) endSession(session);
  }, pace.idleMs);
  session.once('close', () => {
    clearTimeout(idle);
  });
  session.on('stream', (stream, _headers, _flags, raw: unknown) => {
    streams += 1;
    stream.once('close', () => {
      streams -= 1;
      if (streams === 0 && !session.destroyed) idle.refresh();
    });
    stream.on('drain', budget.give);
    const exchange = createHttp2Exchange({
      stream,
      raw: Array.isArray(raw) ? raw.map(String) : [],
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
  });
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
function createFrameBudget(): { take(): boolean; give(): void } {
  let tokens = CONTROL_BURST;
  let filledAt = performance.now();
  return {
    take() {
      const now = performance.now();
      tokens = Math.min(CONTROL_BURST, tokens + ((now - filledAt) / 1000) * CONTROL_PER_SECOND);
      filledAt = now;
      tokens -= 1;
      return tokens >= 0;
    },
    give() {
      tokens = Math.min(CONTROL_BURST, tokens + 1);
    },
  };
}
