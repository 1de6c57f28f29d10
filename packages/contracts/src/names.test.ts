import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostname, resourceName } from './names.ts';
import { hostOfAuthority, normaliseHostname, wildcardOf } from './normalise-hostname.ts';
import { isResourceName } from './resource-name.ts';

const stored = (text: string): string | undefined => {
  const result = normaliseHostname(text);
  return 'host' in result ? result.host : undefined;
};

test.each([
  ['API.Example.com', 'api.example.com'],
  ['api.example.com.', 'api.example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['BÜCHER.example', 'xn--bcher-kva.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['*.Shop.example.org', '*.shop.example.org'],
  ['localhost', 'localhost'],
])('%s is stored as %s', (text, host) => {
  expect(stored(text)).toBe(host);
});

test.each([
  '',
  '.',
  'a..b',
  '.a',
  'a.b..',
  'a b.org',
  'a\u0000.org',
  'a\n.org',
  'a.org:443',
  '127.0.0.1',
  '0x7f.1',
  '1.2.3',
  '[::1]',
  '::1',
  'a_b.org',
  '-a.org',
  'a-.org',
  'a*.org',
  '*.a.*.org',
  '*',
  '*.org',
  '*.*.a.org',
  'user@a.org',
  'a.org/x',
  'a%2eorg',
  'a.org,b.org',
  `${'a'.repeat(64)}.org`,
  `${'a.'.repeat(127)}org`,
  'a\u3002..org',
  '１２７.0.0.1',
])('%j is no host', (text) => {
  expect(stored(text)).toBeUndefined();
});

test('a stored host is a fixed point, is never wider than DNS allows, and every spelling of its case gives it', () => {
  let found = 0;
  const anything = fc.oneof(
    fc.domain(),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.stringMatching(/^(\*\.)?[a-zA-Z0-9.-]{1,40}$/),
    fc.domain().map((name) => `*.${name}.`),
  );
  fc.assert(
    fc.property(anything, (text) => {
      const host = stored(text);
      if (host === undefined) return;
      found += 1;
      expect(stored(host)).toBe(host);
      expect(stored(host.toUpperCase())).toBe(host);
      expect(stored(`${host}.`)).toBe(host);
      // Those of whom the parser of the WHATWG is not asked as well.
      expect(domainToASCII(host.replace(/^\*\./, ''))).toBe(host.replace(/^\*\./, ''));
      expect(host).toMatch(/^(\*\.)?[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/);
      expect(host.length).toBeLessThanOrEqual(253);
      expect(hostname.parse(text)).toBe(host);
    }),
    { numRuns: 2000 },
  );
  expect(found).toBeGreaterThan(500);
});

test('SNI, Host and :authority agree: an authority with or without port names the host that its name alone does', () => {
  fc.assert(
    fc.property(fc.domain(), fc.nat(65_535), (name, port) => {
      const host = stored(name);
      expect(hostOfAuthority(name)).toBe(host);
      expect(hostOfAuthority(`${name}:${port}`)).toBe(host);
    }),
  );
  for (const text of [
    '',
    ':443',
    'a.org:x',
    'a.org:443:1',
    '*.a.org',
    'a.org:123456',
    'u@a.org',
    '[::1]:443',
  ]) {
    expect(hostOfAuthority(text), text).toBeUndefined();
  }
});

test('a wildcard stands for exactly one label', () => {
  expect(wildcardOf('a.example.org')).toBe('*.example.org');
  expect(wildcardOf('a.b.example.org')).toBe('*.b.example.org');
  expect(wildcardOf('example.org')).toBeUndefined();
  expect(wildcardOf('localhost')).toBeUndefined();
});

test('resource names are DNS labels, by the schema and by the function', () => {
  for (const name of ['a', 'my-route', '0', 'a'.repeat(63)]) {
    expect(resourceName.safeParse(name).success).toBe(true);
    expect(isResourceName(name)).toBe(true);
  }
  for (const name of ['', '-a', 'a-', 'A', 'a.b', 'a_b', '__proto__', 'a'.repeat(64), 'ä', 'a\n']) {
    expect(resourceName.safeParse(name).success, name).toBe(false);
    expect(isResourceName(name), name).toBe(false);
  }
});
