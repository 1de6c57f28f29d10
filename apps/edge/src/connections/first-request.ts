import type { Connection } from '../connection.ts';

/** Notes that a connection has asked for something. */
export function noteRequest({ use }: Connection): void {
  if (use.hasAsked) return;
  use.hasAsked = true;
  use.onFirstRequest?.();
  use.onFirstRequest = null;
}

/** Calls back once a connection has asked for something: at once where it has already. One callback a connection. */
export function onFirstRequest({ use }: Connection, call: () => void): void {
  if (use.hasAsked) call();
  else use.onFirstRequest = call;
}
