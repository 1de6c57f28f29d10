import { expect, test } from 'vitest';
import type { AddressGuard } from '../address-guard.ts';
import { limitLookups } from './limit-lookups.ts';

test('checks look up two names at a time and each once, so that dead names hold up nobody else', () => {
  const answers: (() => void)[] = [];
  const asked: string[] = [];
  const guard: AddressGuard = {
    refusalOf: () => undefined,
    refusalSince: () => undefined,
    lookupFor: () => (hostname, _options, callback) => {
      asked.push(hostname);
      answers.push(() => callback(null, '127.0.0.1', 4));
    },
  };
  const lookup = limitLookups(guard).lookupFor(80);
  const found: string[] = [];
  for (const name of ['a', 'b', 'c', 'a', 'c', 'd'])
    lookup(name, {}, (_error, address) => found.push(`${name} ${String(address)}`));
  expect(asked).toEqual(['a', 'b']);
  answers.shift()?.();
  expect(found).toEqual(['a 127.0.0.1', 'a 127.0.0.1']);
  expect(asked).toEqual(['a', 'b', 'c']);
  while (answers.length > 0) answers.shift()?.();
  expect(asked).toEqual(['a', 'b', 'c', 'd']);
  expect(found).toHaveLength(6);
});
