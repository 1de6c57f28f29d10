import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LedgerReport } from '@postern/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ledgerReportOf, refusalIdOf, refusalReportOf, sightingOf } from '../testing/ledger-suite.ts';
import { suiteCompiler } from '../testing/suite-compiler.ts';
import { SHOP, START } from '../testing/suite-fixtures.ts';
import { ChangeLog } from './change-log.ts';
import { listClients } from './clients.ts';
import { openDatabase } from './open-database.ts';
import { purgeLedger } from './purge-ledger.ts';
import { getPresentedChain, listRefusals } from './refusals.ts';
import { takeLedger } from './take-ledger.ts';
import type { WriteContext } from './write-context.ts';

let directory: string;
let context: WriteContext;
let take: (report: LedgerReport, at?: number) => void;
let close: () => void;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-ledger-'));
  const { connection, db } = openDatabase(join(directory, 'postern.db'), START);
  context = { db, log: new ChangeLog(connection), compiler: suiteCompiler, now: START, by: null };
  take = connection.transaction((report: LedgerReport, at = START) =>
    takeLedger({ ...context, now: at }, report),
  );
  close = () => connection.close();
});
afterEach(() => {
  close();
  rmSync(directory, { recursive: true, force: true });
});

test('of too many refusals, clients and chains of strangers the oldest go, a slice at a time', () => {
  const bounds = { refusalKeptMs: START, refusalsMax: 3, clientsMax: 2, strangerChainsMax: 1 };
  for (let from = 0; from < 2_400; from += 200) {
    const refusals = Array.from({ length: 200 }, (_, index) =>
      refusalReportOf(from + index, { firstAt: from + index, lastAt: from + index }),
    );
    take(ledgerReportOf({ refusals }));
  }
  const sightings = ['a', 'b', 'c'].map((letter, index) =>
    sightingOf(letter, { lastAt: START - 100 + index }),
  );
  take(ledgerReportOf({ sightings }));
  const hashes = ['d', 'e', 'f'].map((letter) => letter.repeat(64));
  for (const [index, hash] of hashes.entries()) {
    const chains = [{ hash, trusted: index === 0, certificates: ['AAAA'] }];
    take(ledgerReportOf({ chains }), START + index);
  }

  expect(purgeLedger(context, bounds)).toBe(true);
  expect(listRefusals(context.db, SHOP, { limit: 2_000 }).items).toHaveLength(1_400);
  expect(purgeLedger(context, bounds)).toBe(true);
  expect(purgeLedger(context, bounds)).toBe(false);
  expect(listRefusals(context.db, SHOP, { limit: 10 }).items.map(({ id }) => id)).toEqual([
    refusalIdOf(2_399),
    refusalIdOf(2_398),
    refusalIdOf(2_397),
  ]);
  const kept = listClients(context.db, SHOP, { limit: 10 }).items;
  expect(kept.map(({ fingerprint, hosts }) => [fingerprint[0], hosts.length])).toEqual([
    ['b', 1],
    ['c', 1],
  ]);
  expect(hashes.map((hash) => getPresentedChain(context.db, hash) !== null)).toEqual([true, false, true]);
});

test('a page of a rare value ends after a bounded number of rows and says where to go on', () => {
  for (let from = 0; from < 10_200; from += 200) {
    const refusals = Array.from({ length: 200 }, (_, index) =>
      refusalReportOf(from + index, from + index === 0 ? { reason: 'chain_order' } : {}),
    );
    take(ledgerReportOf({ refusals }));
  }
  const first = listRefusals(context.db, SHOP, { limit: 10, reason: 'chain_order' });
  expect(first.items).toEqual([]);
  expect(first.next).not.toBeNull();
  const second = listRefusals(context.db, SHOP, {
    limit: 10,
    reason: 'chain_order',
    before: first.next ?? 0,
  });
  expect(second.items).toHaveLength(1);
  expect(second.next).toBeNull();
});
