import fc from 'fast-check';
import { expect, test } from 'vitest';
import { configFile } from './config-schema.ts';
import { isConfigFile } from './is-config-file.ts';

const text = fc.oneof(
  fc.constantFrom(
    'local',
    'default',
    'https://a.example',
    'http://u:p@a',
    'ftp://a',
    '',
    'A_b',
    'x'.repeat(64),
  ),
  fc.string(),
);
const value = fc.oneof({ weight: 9, arbitrary: text }, fc.constantFrom(null, 1, true, [], {}, undefined));
const keys = ['name', 'url', 'token', 'tokenFile', 'project', 'dataDirectory', 'other', '__proto__'];
const context = fc.oneof(
  fc.record({
    name: fc.constant('local'),
    url: fc.constantFrom('http://127.0.0.1:8700', 'https://a.example', 'a.example'),
  }),
  fc.dictionary(fc.constantFrom(...keys), value),
  fc.record(
    { name: text, url: fc.constant('http://a'), token: value, project: value },
    { requiredKeys: ['url'] },
  ),
);
const config = fc.oneof(
  fc.record({ contexts: fc.array(context, { maxLength: 3 }) }),
  fc.record({ current: value, contexts: fc.array(context, { maxLength: 3 }) }),
  fc.dictionary(fc.constantFrom('current', 'contexts', 'other'), value),
  value,
);

test('what is taken without the schema is what the schema takes, unchanged', () => {
  let taken = 0;
  fc.assert(
    fc.property(config, (candidate) => {
      if (!isConfigFile(candidate)) return;
      taken += 1;
      expect(configFile.parse(candidate)).toEqual(candidate);
    }),
    { numRuns: 3000 },
  );
  expect(taken).toBeGreaterThan(50);
});

test('what postern writes is taken without the schema', () => {
  const url = 'http://127.0.0.1:8700';
  const local = { name: 'local', url, tokenFile: '/t', dataDirectory: '/d' };
  const other = { name: 'other', url, token: 'secret', project: 'shop' };
  expect(isConfigFile({ current: 'local', contexts: [local, other] })).toBe(true);
  expect(isConfigFile({ contexts: [] })).toBe(true);
  expect(isConfigFile({ contexts: [{ ...local, token: 'both' }] })).toBe(false);
  expect(isConfigFile({ contexts: [{ name: 'local' }] })).toBe(false);
});
