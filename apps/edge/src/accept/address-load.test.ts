import { expect, test } from 'vitest';
import { AddressLoad } from './address-load.ts';

test('an address has so many and no more, until one is given back; others are not concerned', () => {
  const load = new AddressLoad(2);
  const taken = load.take('192.0.2.1');
  expect(load.take('192.0.2.1')).not.toBeNull();
  expect(load.take('192.0.2.1')).toBeNull();
  expect(load.take('192.0.2.2')).not.toBeNull();
  if (taken !== null) load.release(taken);
  expect(load.take('192.0.2.1')).not.toBeNull();
});

test('nothing is kept of an address that has nothing open', () => {
  const load = new AddressLoad(Number.POSITIVE_INFINITY);
  const taken = ['192.0.2.1', '::1', '192.0.2.1'].map((address) => load.take(address));
  for (const counted of taken) if (counted !== null) load.release(counted);
  expect(load.size).toBe(0);
});

test.each([
  ['2001:db8:0:1::1', '2001:db8:0:1:ffff::9', true],
  ['2001:db8::1', '2001:db8:0:0:5:6:7:8', true],
  ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
  ['::1', '::2', true],
  ['fe80::1', '::1', false],
])('%s and %s count as one: %s', (one, other, same) => {
  const load = new AddressLoad(1);
  load.take(one);
  expect(load.take(other) === null).toBe(same);
});
