import { expect, test } from 'vitest';
import { COMMON_NAME, type DistinguishedName } from './distinguished-name.ts';
import { formatRfc4514 } from './format-rfc4514.ts';

function named(...attributes: (readonly [oid: string, text: string | null])[]): DistinguishedName {
  return {
    relativeNames: attributes.map(([oid, text]) => [{ oid, text, tag: 12 }]),
    keys: [],
    key: '',
    text: '',
  };
}

test('relative names stand last first', () => {
  expect(formatRfc4514(named(['2.5.4.6', 'DE'], ['2.5.4.10', 'Acme Ltd'], [COMMON_NAME, 'anna']))).toBe(
    'CN=anna,O=Acme Ltd,C=DE',
  );
});

test.each([
  ['a,b', '\\2C'],
  ['a"b', '\\22'],
  ['a\\b', '\\5C'],
  ['a;b', '\\3B'],
  ['a=b', '\\3D'],
  ['a\r\nb', '\\0D\\0A'],
  ['a\0b', '\\00'],
  ['aäb', '\\C3\\A4'],
  ['a😀b', '\\F0\\9F\\98\\80'],
])('what has a meaning or no visible ASCII form is written in hex: %j', (value, hex) => {
  const pairs = hex.match(/\\../g)?.join('');
  expect(formatRfc4514(named([COMMON_NAME, value]))).toBe(`CN=a${pairs}b`);
});

test('a space at an end and a leading # are escaped; bytes that are no text are told from text', () => {
  expect(formatRfc4514(named([COMMON_NAME, ' a '], [COMMON_NAME, '#0500'], [COMMON_NAME, null]))).toBe(
    'CN=#0500,CN=\\230500,CN=\\20a\\20',
  );
});
