import { PosternError, type WriteConflict } from '@postern/contracts';
import { expect, test } from 'vitest';
import { formatError, formatErrorJson } from './report-error.ts';

const CONFLICT: WriteConflict = {
  version: 5,
  yourVersion: 4,
  updatedAt: '2026-01-02T03:04:05.000Z',
  updatedBy: 'ci',
  changes: [
    { pointer: '/spec/hostHeader', before: 'incoming', after: 'target' },
    { pointer: '/labels/team', after: 'web' },
    { pointer: '/spec/routes/1', before: { prefix: '/old' } },
  ],
};

function shown(code: 'version_conflict' | 'already_exists', conflict: WriteConflict): string[] {
  return formatError(new PosternError(code, { conflict }), { debug: false })
    .split('\n')
    .filter((line) => /^there:|^ /.test(line));
}

test('a version conflict says who wrote what since', () => {
  expect(shown('version_conflict', CONFLICT)).toEqual([
    'there: version 5, written at 2026-01-02T03:04:05.000Z by token ci; you had read version 4',
    '  /spec/hostHeader: was "incoming", is "target"',
    '  /labels/team: was absent, is "web"',
    '  /spec/routes/1: was {"prefix":"/old"}, is absent',
  ]);
});

test('what exists already is compared with what was sent', () => {
  const changes = [{ pointer: '/spec/targets/0', before: 'http://a:1', after: 'http://b:1' }];
  const conflict = { ...CONFLICT, yourVersion: null, updatedBy: null, changes };
  expect(shown('already_exists', conflict)).toEqual([
    'there: version 5, written at 2026-01-02T03:04:05.000Z',
    '  /spec/targets/0: there "http://a:1", yours "http://b:1"',
  ]);
});

test('what was deleted, what is no longer known and what is kept back is said', () => {
  expect(shown('version_conflict', { ...CONFLICT, version: null, changes: null })).toEqual([
    'there: nothing any more; you had read version 4',
    '  what changed since is not known any more',
  ]);
  const changes = [{ pointer: '/data/password', masked: true as const }];
  expect(shown('version_conflict', { ...CONFLICT, changes }).at(-1)).toBe(
    '  /data/password: differs (values are kept back)',
  );
});

test('a person is shown 20 places and short values, a program all', () => {
  const changes = Array.from({ length: 30 }, (_, index) => ({
    pointer: `/spec/routes/${index}`,
    before: 'x'.repeat(500),
  }));
  const conflict = { ...CONFLICT, changes };
  const lines = shown('version_conflict', conflict);
  expect(lines).toHaveLength(22);
  expect(lines.at(-1)).toBe('  and 10 more: -o json has them');
  for (const line of lines) expect(line.length).toBeLessThan(160);
  const json = JSON.parse(formatErrorJson(new PosternError('version_conflict', { conflict })));
  expect(json.error.conflict).toEqual(conflict);
});
