import type { ClientSighting } from '@postern/contracts';
import { expect, test } from 'vitest';
import { LedgerLog } from './ledger-log.ts';

function sightingOf(who: string, lastAt: number): ClientSighting {
  return {
    project: 'p',
    route: 'r',
    host: 'a.test',
    fingerprint: who,
    subject: who,
    issuer: 'ca',
    serial: '01',
    notAfter: 0,
    bundle: 'b',
    anchor: 'a',
    chain: null,
    verdict: 'admit',
    firstAt: 1,
    lastAt,
  };
}

function see(log: LedgerLog, ...sightings: ClientSighting[]): void {
  log.take({ refusals: [], sightings, chains: [], dropped: 0 });
}

test('marked sightings count as delivered when the API has each as it was then; later ones are waited for by later marks', () => {
  const log = new LedgerLog(() => 1);
  expect(log.markSightings().isDelivered()).toBe(true);
  see(log, sightingOf('a', 1), sightingOf('b', 1));
  const early = log.next();
  see(log, sightingOf('a', 2));
  const { isDelivered, end } = log.markSightings();
  log.acknowledge(early);
  expect(isDelivered()).toBe(false);
  see(log, sightingOf('c', 3));
  const draft = log.next();
  see(log, sightingOf('a', 4));
  log.acknowledge(draft);
  expect(isDelivered()).toBe(true);
  expect(log.markSightings().isDelivered()).toBe(false);
  end();
});

test('a sighting that found no room, or that the API will not take, is never taken for delivered', () => {
  const full = new LedgerLog(() => 1);
  for (let n = 0; n <= 20_000; n += 1) see(full, sightingOf(`${n}`, 1));
  while (full.hasNews) full.acknowledge(full.next());
  expect(full.markSightings().isDelivered()).toBe(false);
  const refused = new LedgerLog(() => 1);
  see(refused, sightingOf('a', 1));
  refused.discard(refused.next());
  expect(refused.markSightings().isDelivered()).toBe(false);
});
