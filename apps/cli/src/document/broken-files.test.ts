import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LIMITS } from '@postern/contracts';
import { describe, expect, test } from 'vitest';
import { checkDocumentSet } from './check-document-set.ts';
import { hasErrors, rejectedDocuments } from './document-report.ts';
import { readDocuments } from './read-documents.ts';

// POSTERN_WRITE_GOLDEN=1 rewrites what came out. In CI a difference is a failure, whatever else is set.
const isUpdating = process.env.POSTERN_WRITE_GOLDEN === '1' && process.env.CI === undefined;

const golden = fileURLToPath(new URL('../../golden/broken/', import.meta.url));
// Not named .yaml: formatters would stumble over what is broken on purpose, or mend it.
const cases = readdirSync(golden)
  .filter((name) => name.endsWith('.input'))
  .map((name) => name.slice(0, -'.input'.length));
/** The certificates in the files are valid then. */
const NOW = Date.parse('2026-12-01T00:00:00Z');

function reportOf(file: string, bytes: Buffer): string {
  const { documents, reports } = readDocuments(file, `/nonexistent/${file}`, bytes, NOW);
  const all = [...reports, ...checkDocumentSet(documents)];
  if (!hasErrors(all)) return 'accepted\n';
  const { report, message } = rejectedDocuments(all);
  return `${report}\nerror: ${message}\n`;
}

describe('a broken file is reported with places, causes and hints, as in golden/broken:', () => {
  test.each(cases)('%s', (name) => {
    const file = `${name}.${name.startsWith('json-') ? 'json' : 'yaml'}`;
    const report = reportOf(file, readFileSync(`${golden}${name}.input`));
    const expected = `${golden}${name}.txt`;
    if (isUpdating) writeFileSync(expected, report);
    expect(report).toBe(readFileSync(expected, 'utf8'));
    expect(report).not.toBe('accepted\n');
    // Values of secrets in these files.
    expect(report).not.toMatch(/hunter2|aHVudGVyMg|12345678|123456|MIIB/);
  });
});

describe('every report', () => {
  test.each(cases)('has a line and a column in the file, where something stands: %s', (name) => {
    const text = new TextDecoder().decode(readFileSync(`${golden}${name}.input`));
    const lines = text.split('\n');
    for (const [, line, column] of readFileSync(`${golden}${name}.txt`, 'utf8').matchAll(
      /^[\w-]+\.(?:yaml|json):(\d+):(\d+): error: /gm,
    )) {
      const content = lines[Number(line) - 1];
      expect(content).toBeDefined();
      expect(Number(column)).toBeLessThanOrEqual([...(content ?? '')].length + 1);
    }
  });
});

test('there are at least 60 of them', () => {
  expect(cases.length).toBeGreaterThanOrEqual(60);
});

test.each([
  ['too large', Buffer.alloc(LIMITS.documentFileBytesMax + 1, '#'), 'bytes'],
  ['of 20,000 brackets', Buffer.from('['.repeat(20_000)), '64 levels deep'],
  ['of 20,000 list marks', Buffer.from('- '.repeat(20_000)), '64 levels deep'],
])('a file %s is refused before anything is built from it', (_title, bytes, words) => {
  const startedAt = performance.now();
  expect(reportOf('bomb.yaml', bytes)).toContain(words);
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});
