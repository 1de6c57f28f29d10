import { fieldLines } from '@postern/http1';
import { expect, test } from 'vitest';
import { writeHeadWithLines, writeOwnRequestHead } from './h1-own-head.ts';
import { requestOf } from './testing/request-of.ts';

test('a head of strings and lines says what one of strings alone says, with the framing of its body', () => {
  const lines = [fieldLines([['x-client', 'one']])];
  for (const body of [{ kind: 'none' }, { kind: 'streamed' }, { kind: 'sized', bytes: 7 }] as const) {
    const request = requestOf({
      method: 'POST',
      path: '/a?b',
      fields: () => [
        ['accept', '*/*'],
        ['x-client', 'one'],
      ],
      body,
      expectContinue: true,
    });
    const whole = writeOwnRequestHead(request, 'a.example.org').toString('latin1');
    const mixed = writeHeadWithLines(request, null, [['accept', '*/*']], lines).toString('latin1');
    expect(mixed.split('\r\n').sort()).toEqual(whole.split('\r\n').sort());
    expect(mixed).toMatch(/^POST \/a\?b HTTP\/1\.1\r\nHost: a\.example\.org\r\n/);
    expect(mixed.indexOf('\r\n\r\n')).toBe(mixed.length - 4);
  }
});

test('a given line of Host takes the place of the authority of the client', () => {
  const text = writeHeadWithLines(requestOf(), fieldLines([['Host', 'target:80']]), [], []).toString(
    'latin1',
  );
  expect(text).toBe('GET / HTTP/1.1\r\nHost: target:80\r\n\r\n');
});

test.each([
  ['a value with a line end', requestOf(), [['x', 'a\r\nHost: b']]],
  ['a name that is none', requestOf(), [['x y', 'a']]],
  ['a value beyond Latin-1', requestOf(), [['x', '\u0100']]],
  ['a target with a space', requestOf({ path: '/ HTTP/1.1' }), []],
  ['a method that is none', requestOf({ method: 'GE T' }), []],
  ['an authority with a line end', requestOf({ clientAuthority: 'a\r\nx: y' }), []],
] as const)('%s is written into no head', (_what, request, fields) => {
  expect(() => writeHeadWithLines(request, null, fields, [])).toThrow(TypeError);
});
