import type { Change } from '@postern/contracts';
import { expect, test } from 'vitest';
import { streamFeed } from './stream-feed.ts';

test('a full copy to a fast reader leaves the process a turn for each page', async () => {
  const count = 2_000;
  const changeAt = (revision: number): Change => {
    return { epoch: 'e', revision, kind: 'host', id: `h${revision}`, formatVersion: 1, body: {} };
  };
  const stop = new AbortController();
  const stream = streamFeed({
    source: {
      cursor: async () => ({ epoch: 'e', revision: count }),
      isResumable: async () => false,
      changesAfter: async (after, limit) =>
        Array.from({ length: Math.min(limit, count - after) }, (_, n) => changeAt(after + n + 1)),
      onRevision: () => () => {},
    },
    after: null,
    signal: stop.signal,
    log: () => {},
  });
  let turns = 0;
  const tick = () => {
    turns += 1;
    if (!stop.signal.aborted) setImmediate(tick);
  };
  setImmediate(tick);
  const decoder = new TextDecoder();
  for await (const chunk of stream) if (decoder.decode(chunk).includes('event: synced')) break;
  stop.abort();
  // Pages hold 50 changes.
  expect(turns).toBeGreaterThan(count / 50 / 2);
});
