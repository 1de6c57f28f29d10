import type { Duplex } from 'node:stream';
import type { Connection } from '../connection.ts';
import { type Member, Roster } from '../roster.ts';
import type { ServeExchange } from './exchange.ts';
import { Http1Connection } from './h1-connection.ts';
import type { ClientPace } from './http-limits.ts';

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
  const served = new Roster<Member & { readonly connection: Http1Connection }>();
  return {
    serve(from) {
      const { socket } = from;
      const connection = new Http1Connection({ socket, pace, serve: servingOf(from) });
      const member = { connection, place: -1 };
      served.add(member);
      socket.on('close', () => served.delete(member));
      return { drain: () => connection.drain() };
    },
    close() {
      for (const { connection } of served) connection.drain();
    },
  };
}
