import type { SecureContext } from 'node:tls';
import type { Target } from '@postern/contracts';
import { steadyNow } from '../steady-clock.ts';
import type { AddressGuard } from './address-guard.ts';
import { Http1Connection, IDLE_CONNECTION_MS } from './h1-connection.ts';
import { openSocket } from './open-socket.ts';
import { readPieces } from './read-pieces.ts';

/** The HTTP/1.1 connections to one target. */
export interface Http1Connections {
  /** An idle connection, the one used last; undefined when there is none. */
  take(): Http1Connection | undefined;
  /** A new connection, read as a stream where another protocol may follow. Fails with the problems of connecting. */
  open(asStream: boolean): Promise<Http1Connection>;
  /** Gives a connection back that has nothing under way, and may be idle for that time. */
  give(connection: Http1Connection, idleMs: number): void;
  /** Ends idle connections now and the others after their exchanges. */
  close(): void;
}

export interface Http1ConnectionsOptions {
  readonly target: Target;
  /** Null: plain TCP. Asked for each connection; throws `upstream_tls_failed`. */
  readonly secureContext: () => SecureContext | null;
  readonly connectMs: number;
  readonly guard: AddressGuard;
}

const PROTOCOLS = ['http/1.1'];

/** Keeps idle connections of a target for as long as its server does. */
export function createHttp1Connections(options: Http1ConnectionsOptions): Http1Connections {
  // From the one idle for longest to the one used last.
  const idle: Http1Connection[] = [];
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  const forget = (connection: Http1Connection): void => {
    const index = idle.indexOf(connection);
    if (index !== -1) idle.splice(index, 1);
  };
  const endOld = (): void => {
    timer = undefined;
    const now = steadyNow();
    for (const connection of idle.filter(({ idleUntil }) => idleUntil <= now)) {
      forget(connection);
      connection.socket.destroy();
    }
    if (idle.length > 0) startTimer();
  };
  const startTimer = (): void => {
    timer ??= setTimeout(endOld, IDLE_CONNECTION_MS).unref();
  };
  return {
    take() {
      for (;;) {
        const connection = idle.pop();
        if (connection === undefined) return undefined;
        const { socket } = connection;
        // One that is destroyed is not writable either.
        if (socket.writable && connection.idleUntil > steadyNow()) return connection;
        socket.destroy();
      }
    },
    async open(asStream) {
      // TLS is left a stream: read into shared memory, large answers came out wrong or stopped (shared-reads.test.ts).
      const pieces = asStream || options.target.protocol === 'https' ? null : readPieces();
      const socket = await openSocket({
        ...options,
        secureContext: options.secureContext(),
        protocols: PROTOCOLS,
        ...(pieces === null ? {} : { onread: pieces.onread }),
      });
      return new Http1Connection(socket, pieces, forget);
    },
    give(connection, idleMs) {
      connection.head.clear();
      if (isClosed || idleMs <= 0) {
        connection.socket.destroy();
        return;
      }
      connection.idleUntil = steadyNow() + idleMs;
      idle.push(connection);
      startTimer();
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      for (const { socket } of idle.splice(0)) socket.destroy();
    },
  };
}
