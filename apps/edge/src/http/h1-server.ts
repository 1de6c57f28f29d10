import type { Duplex } from 'node:stream';
import type { Connection } from '../connection.ts';
import { Roster } from '../roster.ts';
import type { ServeExchange } from './exchange.ts';
import { Http1Connection } from './h1-connection.ts';
import type { ClientPace } from './http-limits.ts';

/** Milliseconds by which a deadline may be overrun: one timer looks at all of them, none is set for each request. */
const DEADLINES_EVERY_MS = 500;

/** HTTP/1.x over connections that were accepted and admitted elsewhere. */
export interface Http1Server<From> {
  serve(connection: From): { drain(): void };
  /** Ends idle connections, and the others after what is under way. */
  close(): void;
}

/** Makes a server; it listens nowhere. `servingOf` is asked once for each connection. */
export function createHttp1Server<From extends { readonly socket: Duplex } = Connection>(
  servingOf: (connection: From) => ServeExchange,
  pace: ClientPace,
): Http1Server<From> {
  const connections = new Roster<Http1Connection>();
  let isClosed = false;
  const timer = setInterval(() => {
    const now = performance.now();
    for (const connection of connections) if (connection.deadline <= now) connection.onDeadline(now);
  }, DEADLINES_EVERY_MS).unref();
  const stopTimer = (): void => {
    if (isClosed && connections.size === 0) clearInterval(timer);
  };
  return {
    serve(from) {
      const { socket } = from;
      const connection = new Http1Connection({ socket, pace, serve: servingOf(from) });
      connections.add(connection);
      socket.on('close', () => {
        connections.delete(connection);
        stopTimer();
      });
      return { drain: () => connection.drain() };
    },
    close() {
      isClosed = true;
      for (const connection of connections) connection.drain();
      stopTimer();
    },
  };
}
