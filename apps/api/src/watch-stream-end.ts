/**
 * Passes a stream on and calls back once, when it has ended, failed or was cancelled, or the signal has aborted: a reader that
 * stands still would never let the stream end. Reads no faster than its reader.
 */
export function watchStreamEnd(
  stream: ReadableStream<Uint8Array>,
  onEnd: () => void,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    signal.removeEventListener('abort', end);
    onEnd();
  };
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          end();
          controller.close();
        } catch (error) {
          end();
          controller.error(error);
        }
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
