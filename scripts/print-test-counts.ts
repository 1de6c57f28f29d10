import { readFileSync } from 'node:fs';

// Closes a test run with one plain line of counts, taken from vitest's JSON report.

interface FileReport {
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string }[];
}

const { testResults } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as {
  readonly testResults: readonly FileReport[];
};

/** vitest calls tests "skipped" that a failed preparation, or a file that cannot be loaded, kept from running: they count as failed. */
function countsOf({ status, assertionResults }: FileReport) {
  const passed = assertionResults.filter((test) => test.status === 'passed').length;
  const failed = assertionResults.filter((test) => test.status === 'failed').length;
  const left = assertionResults.length - passed - failed;
  return status === 'failed' && failed === 0
    ? { passed, failed: Math.max(1, left), skipped: 0 }
    : { passed, failed, skipped: left };
}

const counts = testResults.map(countsOf);
const sumOf = (key: 'passed' | 'failed' | 'skipped') => counts.reduce((sum, count) => sum + count[key], 0);
console.log(`${sumOf('passed')} passed, ${sumOf('failed')} failed, ${sumOf('skipped')} skipped`);
