import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DER_TAGS, DerCursor, readIntegerBytes, readTime } from './der-cursor.ts';
import { endOfPlainEntry } from './plain-entry.ts';

const SERIAL = '02030a0b0c';
const TIME = `170d${Buffer.from('260228235959Z').toString('hex')}`;
const REASON = '300c300a0603551d1504030a0101';
const entryOf = (...parts: string[]) => {
  const content = Buffer.from(parts.join(''), 'hex');
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
};
const timeOf = (text: string) => `170d${Buffer.from(text).toString('hex')}`;

/** Reads it as the whole reader does; gives its end, or throws. */
function readWhole(der: Buffer): number {
  const cursor = new DerCursor(der);
  const element = cursor.take(DER_TAGS.sequence);
  const entry = new DerCursor(element.content);
  expect(readIntegerBytes(entry.take(DER_TAGS.integer)).length).toBeLessThanOrEqual(32);
  readTime(entry.take(DER_TAGS.utcTime));
  const extensions = entry.takeIf(DER_TAGS.sequence);
  entry.end();
  if (extensions !== undefined) {
    expect(extensions.whole.subarray(0, -1).toString('hex')).toBe(REASON.slice(0, -2));
    expect(extensions.content.at(-1)).not.toBe(8);
  }
  return element.whole.length;
}

test('the common forms are plain, with what follows them', () => {
  for (const entry of [entryOf(SERIAL, TIME), entryOf(SERIAL, TIME, REASON)]) {
    const list = Buffer.concat([Buffer.from('00', 'hex'), entry, entry]);
    expect(endOfPlainEntry(list, 1, true)).toBe(1 + entry.length);
  }
  expect(endOfPlainEntry(entryOf(SERIAL, timeOf('280229000000Z')), 0, true)).toBeGreaterThan(0);
});

test.each([
  ['a reason in a list of version 1', entryOf(SERIAL, TIME, REASON), false],
  ['an entry that is taken back', entryOf(SERIAL, TIME, `${REASON.slice(0, -2)}08`), true],
  ['a padded serial number', entryOf('02020001', TIME), true],
  ['a padded negative one', entryOf('0202ff80', TIME), true],
  ['no serial number', entryOf('0200', TIME), true],
  ['one of 33 bytes', entryOf(`0221${'11'.repeat(33)}`, TIME), true],
  ['29 February of another year', entryOf(SERIAL, timeOf('260229000000Z')), true],
  ['month 13', entryOf(SERIAL, timeOf('261301000000Z')), true],
  ['hour 24', entryOf(SERIAL, timeOf('260101240000Z')), true],
  ['a time without Z', entryOf(SERIAL, timeOf('2601010000000')), true],
  ['a time of letters', entryOf(SERIAL, timeOf('2601010000:0Z')), true],
  ['something more', entryOf(SERIAL, TIME, '0500'), true],
  ['one that is cut off', entryOf(SERIAL, TIME).subarray(0, -1), true],
  ['nothing', Buffer.alloc(0), true],
])('%s is not plain', (_, der, mayExtend) => {
  expect(endOfPlainEntry(der, 0, mayExtend)).toBe(-1);
});

test('whatever byte is another, what is plain the whole reader takes for the same', () => {
  const bytes = fc.tuple(fc.boolean(), fc.nat({ max: 255 }), fc.nat({ max: 255 }), fc.nat({ max: 255 }));
  let plain = 0;
  fc.assert(
    fc.property(bytes, ([hasReason, at, value, tail]) => {
      const der = Buffer.concat([
        hasReason ? entryOf(SERIAL, TIME, REASON) : entryOf(SERIAL, TIME),
        Buffer.from([tail, tail]),
      ]);
      der.writeUInt8(value, at % (der.length - 2));
      const end = endOfPlainEntry(der, 0, true);
      if (end === -1) return;
      plain += 1;
      expect(readWhole(der)).toBe(end);
    }),
    { numRuns: 5_000 },
  );
  expect(plain).toBeGreaterThan(100);
});
