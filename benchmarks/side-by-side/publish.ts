import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../../test/platform/platform.ts';

/** Puts a program's report into docs/benchmarks.md, between the comments that bear its name, in place of the former one. */
export function publish(name: string, report: string): void {
  const file = join(checkout, 'docs/benchmarks.md');
  const text = readFileSync(file, 'utf8');
  const begin = `<!-- ${name}: written by the program, from here -->`;
  const end = `<!-- ${name}: to here -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${file} lacks the comments of ${name}`);
  writeFileSync(file, `${text.slice(0, from)}${begin}\n\n${report.trim()}\n\n${text.slice(to)}`);
}
