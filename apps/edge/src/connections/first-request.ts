import type { Connection } from '../connection.ts';

const asked = new WeakSet<Connection>();
const waiting = new WeakMap<Connection, () => void>();

/** Notes that a connection has asked for something. */
export function noteRequest(connection: Connection): void {
  if (asked.has(connection)) return;
  asked.add(connection);
  waiting.get(connection)?.();
  waiting.delete(connection);
}

/** Calls back once a connection has asked for something: at once where it has already. One callback a connection. */
export function onFirstRequest(connection: Connection, call: () => void): void {
  if (asked.has(connection)) call();
  else waiting.set(connection, call);
}
