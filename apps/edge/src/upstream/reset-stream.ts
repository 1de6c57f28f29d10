import type { Http2Stream } from 'node:http2';

/**
 * Resets a stream at once (RST_STREAM), whatever of it is still waiting to be written.
 *
 * `close` alone may only note the reset down until a write of the session is over. When the stream's own last bytes go out with
 * that write, Node destroys the stream and drops the note, and from then on writes empty DATA frames for it in an endless loop
 * (seen in 24.21: a service answers in whole while it is still being sent to). `destroy` in the same turn sends what was noted down.
 */
export function resetStream(stream: Http2Stream, code: number): void {
  if (stream.destroyed) return;
  stream.close(code);
  stream.destroy();
}
