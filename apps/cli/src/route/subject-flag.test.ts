import { expect, test } from 'vitest';
import { CliFailure } from '../cli-failure.ts';
import { parseSubjectFlag, writeSubject } from './subject-flag.ts';

test.each([
  ['client.acme.org', { exact: 'client.acme.org' }],
  ['*.acme.org', { hasSuffix: '.acme.org' }],
  ['*acme', { hasSuffix: 'acme' }],
  ['device-*', { hasPrefix: 'device-' }],
  ['a', { exact: 'a' }],
  ['CN=x y', { exact: 'CN=x y' }],
])('--client-certificate-subject %j is %j, and is written back as it was', (text, matcher) => {
  expect(parseSubjectFlag(text)).toEqual(matcher);
  expect(writeSubject(matcher)).toBe(text);
});

test.each(['*', '**', '*a*', 'a*b', '**.acme.org', 'a**', '', ' ', '*.*'])(
  '--client-certificate-subject %j is a usage failure',
  (text) => {
    expect(() => parseSubjectFlag(text)).toThrow(CliFailure);
  },
);

test('a pattern the flag cannot write points to the regex of the descriptor', () => {
  const failure = (() => {
    try {
      return parseSubjectFlag('a*b');
    } catch (error) {
      return error;
    }
  })();
  expect(failure).toMatchObject({ kind: 'usage', hint: expect.stringContaining('regex') });
});
