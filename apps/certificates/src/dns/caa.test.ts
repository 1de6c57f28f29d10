import { expect, test } from 'vitest';
import { findCaa, findForbiddingRecord } from './caa.ts';
import type { CaaRecord, DnsResolver } from './dns-resolver.ts';

const CA = ['ca.example'];
const records = (...texts: string[]): CaaRecord[] =>
  texts.map((text) => {
    const [flags = '', tag = '', ...value] = text.split(' ');
    return { tag, value: value.join(' '), isCritical: flags === '128' };
  });
const forbids = (texts: string[], isWildcard = false, identities = CA): boolean =>
  findForbiddingRecord({ at: 'x.test', records: records(...texts) }, isWildcard, identities) !== null;

test('no record, or none about issuing, forbids nothing', () => {
  expect(findForbiddingRecord(null, false, CA)).toBeNull();
  expect(forbids(['0 iodef mailto:a@x.test'])).toBe(false);
  expect(forbids(['0 foo bar'])).toBe(false);
});

test.each([
  [['0 issue ca.example'], false],
  [['0 issue other.example'], true],
  [['0 issue other.example', '0 issue CA.example; accounturi=https://x/1'], false],
  [['0 issue ;'], true],
  [['0 issue '], true],
  [['128 issue ca.example'], false],
  [['128 tbs unknown', '0 issue ca.example'], true],
])('of %j it is %s that a name may not be issued for', (texts, isForbidden) => {
  expect(forbids(texts)).toBe(isForbidden);
});

test('issuewild decides about wildcards alone, and issue where there is none', () => {
  const texts = ['0 issue ca.example', '0 issuewild ;'];
  expect([forbids(texts), forbids(texts, true)]).toEqual([false, true]);
  expect(forbids(['0 issue ;', '0 issuewild ca.example'], true)).toBe(false);
  expect(forbids(['0 issue other.example'], true)).toBe(true);
});

test('for a CA that names no domain of its own, only what forbids every CA counts', () => {
  expect(forbids(['0 issue other.example'], false, [])).toBe(false);
  expect(forbids(['0 issue ;'], false, [])).toBe(true);
});

test('the record is named as it stands in a zone', () => {
  const caa = { at: 'x.test', records: records('0 issue other.example', '128 issue more.example') };
  expect(findForbiddingRecord(caa, false, CA)).toBe(
    'x.test. CAA 0 issue "other.example", x.test. CAA 128 issue "more.example"',
  );
});

test('records are looked for from the name up to its top, and the nearest hold', async () => {
  const asked: string[] = [];
  const at: Record<string, CaaRecord[]> = { 'b.test': records('0 issue x'), test: records('0 issue y') };
  const resolver = {
    servers: [],
    lookUp: async (host: string) => {
      asked.push(host);
      return { records: at[host] ?? [], exists: true, server: '' };
    },
  } as unknown as DnsResolver;
  expect(await findCaa(resolver, '*.c.b.test')).toEqual({ at: 'b.test', records: records('0 issue x') });
  expect(asked).toEqual(['c.b.test', 'b.test']);
  expect(await findCaa(resolver, 'c.org')).toBeNull();
});
