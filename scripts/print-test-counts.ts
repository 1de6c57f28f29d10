import { readFileSync } from 'node:fs';

// Closes a test run with one plain line of counts, taken from vitest's JSON report.
const report = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Record<string, number>;
const count = (key: string): number => report[key] ?? 0;
const skipped = count('numPendingTests') + count('numTodoTests');
console.log(`${count('numPassedTests')} passed, ${count('numFailedTests')} failed, ${skipped} skipped`);
