import type { Connection } from '../connection.ts';
import type { ServeExchange } from './exchange.ts';
import { createHttp1Server } from './h1-server.ts';
import { serveHttp2 } from './h2-server.ts';
import type { ClientPace } from './http-limits.ts';
import { answerRefusal, type ConnectionRefusal } from './refusal-page.ts';
import type { UnreadAnswers } from './unread-answers.ts';

/** Says on connections of refused clients why they are refused, and nothing else. */
export interface RefusalServer {
  serve(connection: Connection, refusal: ConnectionRefusal): void;
  close(): void;
}

/**
 * Makes the server of refused connections. It knows no host, no rule and no service: whatever is asked is answered with the refusal,
 * and the connection ends after it, or
 * once a request head would have had to be there.
 */
export function createRefusalServer(pace: ClientPace, unread: UnreadAnswers): RefusalServer {
  const refusals = new WeakMap<Connection, ConnectionRefusal>();
  const drains = new WeakMap<Connection, () => void>();
  const servingOf =
    (connection: Connection): ServeExchange =>
    (exchange, onDone) => {
      const refusal = refusals.get(connection);
      if (refusal === undefined) exchange.abort();
      else {
        if (exchange.isOpen()) answerRefusal(exchange, refusal);
        drains.get(connection)?.();
      }
      onDone();
    };
  const http1 = createHttp1Server<Connection>(servingOf, pace);
  return {
    serve(connection, refusal) {
      refusals.set(connection, refusal);
      const { socket } = connection;
      const timer = setTimeout(() => socket.destroy(), pace.headTimeoutMs);
      socket.once('close', () => clearTimeout(timer));
      const { drain } =
        connection.protocol === 'h2'
          ? serveHttp2(connection, servingOf(connection), pace, unread)
          : http1.serve(connection);
      drains.set(connection, drain);
    },
    close: () => http1.close(),
  };
}
