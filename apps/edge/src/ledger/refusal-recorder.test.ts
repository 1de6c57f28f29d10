import { ledgerReport } from '@postern/contracts';
import { beforeEach, expect, test } from 'vitest';
import { keptBy } from '../testing/kept-by.ts';
import { LEDGER_LIMITS } from './ledger-limits.ts';
import { type RefusalInput, RefusalRecorder } from './refusal-recorder.ts';

let now = 0;
beforeEach(() => {
  now = Date.UTC(2026, 10, 21);
});

const INPUT: RefusalInput = {
  document: { project: 'default', route: 'shop', host: 'shop.example.org' },
  revision: 7,
  sni: 'shop.example.org',
  reason: 'certificate_expired',
  detail: 'it ended',
  rule: null,
  clientAddress: '192.0.2.1',
  fingerprint: 'a'.repeat(64),
  chain: [],
  tlsVersion: 'TLSv1.3',
};

function recorder(): RefusalRecorder {
  return new RefusalRecorder('key', () => now);
}

test('refusals of one kind by one client are one entry for a minute, with an honest count', () => {
  const ledger = recorder();
  const first = ledger.record(INPUT);
  now += 10_000;
  expect(ledger.record({ ...INPUT, clientAddress: '192.0.2.9' })).toEqual({
    id: first.id,
    nth: 2,
    delayMs: 0,
  });
  const others = [
    ledger.record({ ...INPUT, fingerprint: 'b'.repeat(64) }),
    ledger.record({ ...INPUT, reason: 'certificate_weak' }),
    ledger.record({ ...INPUT, rule: '/admin' }),
    ledger.record({ ...INPUT, observed: true }),
    ledger.record({ ...INPUT, fingerprint: null }),
    ledger.record({ ...INPUT, fingerprint: null, clientAddress: '192.0.2.9' }),
  ];
  expect(new Set([first.id, ...others.map(({ id }) => id)]).size).toBe(7);
  const { refusals } = ledger.drain();
  expect(refusals[0]).toMatchObject({ id: first.id, count: 2, firstAt: now - 10_000, lastAt: now });
  ledger.record(INPUT);
  expect(ledger.drain().refusals).toMatchObject([{ id: first.id, count: 1 }]);
  now += LEDGER_LIMITS.foldMs;
  const next = ledger.record(INPUT);
  expect(next.id).not.toBe(first.id);
  expect((next.id ?? '') > (first.id ?? ''), 'ids sort by time').toBe(true);
});

test('of what strangers call themselves an entry keeps the beginning and nothing else', () => {
  const ledger = recorder();
  const texts = Array.from({ length: LEDGER_LIMITS.newEntriesPerSecond }, (_, nth) =>
    String(nth).padStart(64, 'f'),
  );
  const kept = keptBy(() => {
    for (const fingerprint of texts)
      ledger.record({
        ...INPUT,
        fingerprint,
        detail: `its issuer ${fingerprint} ${'x'.repeat(100_000)}${now}`,
      });
  });
  expect(kept).toBeLessThan(texts.length * 10_000);
  expect(ledger.drain().refusals).toHaveLength(texts.length);
});

test('all workers of an edge give one entry one id, and another edge another', () => {
  const { id } = recorder().record(INPUT);
  expect(recorder().record(INPUT).id).toBe(id);
  expect(new RefusalRecorder('other', () => now).record(INPUT).id).not.toBe(id);
});

test('a flood of ever new clients becomes few entries, and every refusal is counted', () => {
  const ledger = recorder();
  const floodedFor = 90;
  let sum = 0;
  let entries = 0;
  for (let second = 0; second < floodedFor; second += 1) {
    for (let index = 0; index < 200; index += 1) {
      const fingerprint = (second * 200 + index).toString(16).padStart(64, '0');
      ledger.record({ ...INPUT, fingerprint, detail: 'x'.repeat(2_000) });
    }
    const { refusals, dropped } = ledger.drain();
    expect(ledgerReport.shape.refusals.safeParse(refusals).success).toBe(true);
    expect(dropped).toBe(0);
    entries += refusals.length;
    sum += refusals.reduce((total, { count }) => total + count, 0);
    now += 1_000;
  }
  expect(sum).toBe(200 * floodedFor);
  expect(entries).toBeLessThanOrEqual((LEDGER_LIMITS.newEntriesPerSecond + 1) * floodedFor);
  ledger.record({ ...INPUT, fingerprint: 'c'.repeat(64) });
  const various = ledger.drain().refusals.filter((refusal) => refusal.various);
  for (const refusal of various) expect(refusal).toMatchObject({ fingerprint: null, clientAddress: null });
});

test('answers to a flood by one client wait, at most 5 s, and others do not', () => {
  const ledger = recorder();
  const delays = Array.from({ length: 10_000 }, () => ledger.record(INPUT).delayMs);
  expect(delays.findIndex((delayMs) => delayMs > 0)).toBe(LEDGER_LIMITS.answeredAtOnce);
  expect(delays[LEDGER_LIMITS.answeredAtOnce + 99]).toBe(1_000);
  expect(Math.max(...delays)).toBe(LEDGER_LIMITS.answerWithinMs);
  expect(ledger.record({ ...INPUT, fingerprint: 'b'.repeat(64) }).delayMs).toBe(0);
  now += 10_000;
  expect(ledger.record(INPUT).delayMs).toBe(0);
});

test('where not even an entry for all fits, refusals are counted as dropped', () => {
  const ledger = recorder();
  const total = LEDGER_LIMITS.entriesMax + 500;
  for (let index = 0; index < total; index += 1) {
    const document = { ...INPUT.document, host: `h${index}.example.org` };
    ledger.record({ ...INPUT, document });
  }
  const { refusals, dropped } = ledger.drain();
  expect(refusals.length + dropped).toBe(total);
  expect(dropped).toBe(500);
  expect(ledger.hasNews).toBe(false);
});
