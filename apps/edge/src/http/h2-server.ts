import { ERROR_CODES, type Http2Limits, Http2ServerConnection } from '@postern/http2';
import type { Connection } from '../connection.ts';
import { destroyAfter } from '../destroy-after.ts';
import { tieToSocket } from '../http2-socket.ts';
import { endGently } from './end-gently.ts';
import type { ServeExchange } from './exchange.ts';
import { Http2Exchange, type Http2Session } from './h2-exchange.ts';
import { type ClientPace, HTTP_LIMITS } from './http-limits.ts';
import { readTlsPieces } from './read-tls-pieces.ts';
import type { UnreadAnswers } from './unread-answers.ts';

/** What an HTTP/2 client may send. */
const LIMITS: Http2Limits = {
  // Uploads at full speed over 20 ms, and a bounded sum.
  streamWindowBytes: 256 * 1024,
  connectionWindowBytes: 1024 * 1024,
  heldBytesMax: 4 * 1024 * 1024,
  concurrentStreamsMax: HTTP_LIMITS.concurrentStreamsMax,
  headerListBytes: HTTP_LIMITS.headBytesMax,
  // More than HTTP_LIMITS: what lies between is answered with 431.
  fieldList: { bytesMax: 3 * HTTP_LIMITS.headBytesMax, fieldsMax: 2 * HTTP_LIMITS.fieldsMax },
  // Browsers cancel some dozens; rapid reset needs thousands.
  resetBurst: 200,
  resetsPerSecond: 33,
  // gRPC probes with PING while it reads.
  controlBurst: 1_000,
  controlsPerSecond: 100,
  // What a client owes at once that has acknowledged nothing of 5,000 frames, each by two.
  updateBurst: 10_000,
  malformedMax: 20,
};
/** Speaks HTTP/2 on an admitted connection. RFC 8441 (WebSocket) is not advertised. */
export function serveHttp2(
  connection: Connection,
  serveExchange: ServeExchange,
  pace: ClientPace,
  unread: UnreadAnswers,
  onFlood: (connection: Connection) => void = () => {},
): { drain(): void } {
  const { socket } = connection;
  let begun: Http2Exchange[] = [];
  let isLeft = false;
  // What is reset in the bytes that brought it costs nothing more: a rapid reset would have each of its streams begun upstream.
  const turns = tieToSocket(socket, () => http2, {
    read(listener) {
      const reader = readTlsPieces(socket, (piece) => listener(Buffer.from(piece)));
      if (reader === undefined) socket.on('data', listener);
    },
    before() {
      const exchanges = begun;
      begun = [];
      for (const exchange of exchanges) if (exchange.isOpen()) serve(exchange);
    },
    after() {
      if (http2.isOver || (http2.isDraining && http2.streamCount === 0)) leave();
    },
  });
  const { schedule } = turns;
  const leave = (): void => {
    if (isLeft) return;
    isLeft = true;
    if (http2.code !== ERROR_CODES.none) onFlood(connection);
    endGently(socket);
  };
  /** GOAWAY, and the end of the socket at the latest when a client does not take the hint. */
  const dismiss = (): void => {
    http2.drain();
    schedule();
    destroyAfter(socket, HTTP_LIMITS.drainMs);
  };
  const serve = (exchange: Http2Exchange): void => {
    serveExchange(exchange, () => {
      if (!exchange.stream.isClosed) unread.watch(exchange);
    });
  };
  const session: Http2Session = {
    dismiss,
    onClosed(exchange) {
      unread.forget(exchange);
      if (http2.streamCount === 0) idle.refresh();
      if (http2.isDraining) schedule();
    },
  };
  const http2 = new Http2ServerConnection({
    limits: LIMITS,
    now: () => performance.now(),
    onOutput: schedule,
    onRequest(stream, head, hasBody) {
      begun.push(new Http2Exchange(session, stream, head, hasBody));
      schedule();
    },
  });
  // Not a timeout of the socket: it would fire beside a quiet stream, and a PING now and then would put it off for ever.
  const idle = setTimeout(() => {
    if (http2.streamCount === 0) dismiss();
  }, pace.idleMs);
  // Each ends with 'close'.
  socket.on('error', () => {});
  // Who has ended its side while it waits for answers is taken to be gone.
  socket.on('end', () => (http2.streamCount === 0 ? socket.end() : socket.destroy()));
  socket.once('close', () => {
    clearTimeout(idle);
    http2.onGone();
  });
  return {
    drain() {
      http2.drain();
      schedule();
    },
  };
}
