import { expect, test } from 'vitest';
import { issuableNames } from './issuable.ts';
import { registeredDomainOf } from './registered-domain.ts';

test.each([
  ['shop.example.com', true, true],
  ['*.shop.example.co.uk', true, true],
  ['me.github.io', true, true],
  ['com', false, false],
  ['shop.localhost', false, false],
  ['*.shop.localhost', false, false],
  ['localhost', false, false],
  ['a.internal', false, true],
  ['a.example.test', false, true],
  ['printer.local', false, false],
  ['intranet', false, false],
])('%s: asked of CAs of the web %s, of a private CA %s', (name, ofTheWeb, ofOwn) => {
  expect(issuableNames({ isPrivateCa: false })(name)).toBe(ofTheWeb);
  expect(issuableNames({ isPrivateCa: true })(name)).toBe(ofOwn);
});

test('the registered domain is what the public suffix list says, for wildcards that of the name below', () => {
  expect(registeredDomainOf('a.b.example.co.uk')).toBe('example.co.uk');
  expect(registeredDomainOf('*.example.org')).toBe('example.org');
  expect(registeredDomainOf('a.me.github.io')).toBe('me.github.io');
  expect(registeredDomainOf('a.b.example.test')).toBe('example.test');
});
