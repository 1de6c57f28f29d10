import { expect, test } from 'vitest';
import { decodeHuffman } from './huffman.ts';

const decode = (hex: string): string | null => {
  const source = Buffer.from(hex, 'hex');
  const target = Buffer.alloc(256);
  const bytes = decodeHuffman(source, 0, source.length, target);
  return bytes === -1 ? null : target.toString('latin1', 0, bytes);
};

test.each([
  ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
  ['a8eb10649cbf', 'no-cache'],
  ['25a849e95ba97d7f', 'custom-key'],
  ['25a849e95bb8e8b4bf', 'custom-value'],
  ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
  ['9d29ad171863c78f0b97c8e9ae82ae43d3', 'https://www.example.com'],
  ['', ''],
])('the examples of RFC 7541 appendix C are decoded: %s', (hex, text) => {
  expect(decode(hex)).toBe(text);
});

test.each([
  ['padding that is not ones', '00'],
  ['a whole byte of padding', 'ff'],
  ['EOS', 'fffffffc'],
])('%s is no string', (_title, hex) => {
  expect(decode(hex)).toBeNull();
});

test('a string that has no room is refused', () => {
  expect(decodeHuffman(Buffer.from('a8eb10649cbf', 'hex'), 0, 6, Buffer.alloc(7))).toBe(-1);
});
