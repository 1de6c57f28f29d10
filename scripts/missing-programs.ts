import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const PROGRAMS = ['openssl', 'curl', 'pebble', 'pebble-challtestsrv'];
/** Programs without which single tests skip themselves, and what those look at. */
const OPTIONAL: readonly (readonly [program: string, what: string])[] = [
  ['tmux', 'the look in a terminal'],
  ['zsh', 'completion in zsh'],
  ['fish', 'completion in fish'],
  ['mandoc', 'errors in manual pages'],
  ['named', 'dns-01 through updates of a name server'],
];

/** Test files that cannot run here because a program they speak to is missing, by program. */
export function testsThatMissPrograms(): Map<string, string[]> {
  const missing = PROGRAMS.filter((program) => spawnSync(program, ['--version']).error !== undefined);
  const tests = globSync('{packages,apps}/**/*.test.ts', {
    cwd: root,
    exclude: ['**/node_modules/**'],
  }).concat(globSync('test/**/*.test.ts', { cwd: root }));
  return new Map(
    missing.map((program) => {
      const word = new RegExp(`\\b${program}\\b`);
      return [program, tests.filter((test) => readsWord(join(root, test), word, new Set())).sort()];
    }),
  );
}

/** True when the file, or a file of the same tests that it imports, has the word. */
function readsWord(file: string, word: RegExp, seen: Set<string>): boolean {
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  if (word.test(text)) return true;
  return [...text.matchAll(/\bfrom '([^']+)'/g)].some(([, specifier = '']) => {
    if (specifier === '@postern/pki/testing')
      return readsWord(join(root, 'packages/pki/testing/openssl.ts'), word, seen);
    return specifier.startsWith('.') && readsWord(resolve(dirname(file), specifier), word, seen);
  });
}

if (import.meta.main) {
  for (const [program, what] of OPTIONAL) {
    if (spawnSync(program, ['-V']).error !== undefined) {
      console.error(`Not looked at, because ${program} is missing: ${what}`);
    }
  }
  for (const [program, tests] of testsThatMissPrograms()) {
    console.error(
      `Skipped, because ${program} is missing: ${tests.map((test) => relative(root, join(root, test))).join(', ')}`,
    );
  }
}
