import type { Log } from '@postern/contracts';
import { expect, test, vi } from 'vitest';
import { startLedgerPurge } from './start-ledger-purge.ts';

test('slices follow each other until nothing is left, and a failed one ends nothing', async () => {
  const told: string[] = [];
  const note = (_: object, message: string) => void told.push(message);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  let slices = 0;
  const purge = startLedgerPurge(
    {
      purgeLedger: async () => {
        slices += 1;
        return slices < 4;
      },
    },
    log,
  );
  await vi.waitFor(() => expect(slices).toBe(4), 30_000);
  await purge.stop();
  expect(told).toEqual([]);
  const failing = startLedgerPurge({ purgeLedger: () => Promise.reject(new Error('disk')) }, log);
  await vi.waitFor(() => expect(told).toHaveLength(1), 30_000);
  await failing.stop();
});
