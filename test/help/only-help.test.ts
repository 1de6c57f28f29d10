import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../../apps/cli/src/testing/cli-harness.ts';
import { posternCalls } from '../../apps/cli/src/testing/shell-words.ts';

// Somebody who has nothing but `--help`: every word that is typed here was read in a help text before, which was reached
// from `postern --help` in the same way. Values (names, hosts, files) are one's own.

let cli: CliHarness;
/** Everything that was read, by what was asked. */
const read = new Map<string, string>();

beforeAll(async () => {
  cli = await startCliHarness();
});

afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
});

/** Asks for help in words that stand in help texts already read; `postern --help` is where everybody begins. */
async function ask(...words: string[]): Promise<string> {
  for (const word of words) expect(everything(), `nobody said that there is "${word}"`).toContain(word);
  const { code, stdout } = await cli.postern([...words, '--help']);
  expect(code).toBe(0);
  read.set(words.join(' '), stdout);
  return stdout;
}

/** Runs a command of which the help was read; each of its flags must stand there. */
async function use(line: string): Promise<string> {
  const [words = []] = posternCalls(`postern ${line}`);
  const command =
    [...read.keys()]
      .filter((known) => known !== '' && line.startsWith(`${known} `))
      .toSorted((one, other) => other.length - one.length)[0] ?? '';
  const help = read.get(command);
  expect(help, `the help of "${line}" was not read`).toBeDefined();
  for (const flag of words.filter((word) => word.startsWith('--'))) {
    expect(help, `${command} ${flag}`).toMatch(new RegExp(`${flag.replace('--no-', '--\\[no-\\]')}[ \\n]`));
  }
  const { code, stdout, stderr } = await cli.postern(words);
  expect(code, `${line}: ${stderr}`).toBe(0);
  return stdout;
}

function everything(): string {
  return [...read.values()].join('\n');
}

test('with --help alone one finds the way from nothing to a route that admits only the named clients', {
  timeout: 120_000,
}, async () => {
  const start = await ask();
  expect(start).toMatch(/postern up/);
  expect(await ask('up')).toContain('--demo');

  expect(await ask('service')).toContain('service create');
  expect(await ask('service', 'create')).toContain('--target');
  await use('service create shop --target http://127.0.0.1:3000 --no-wait');

  // A CA for trying things, then the secret, then the route that names it.
  expect(start).toContain('dev-cert');
  expect(await ask('dev-cert')).toContain('dev-cert ca');
  expect(await ask('dev-cert', 'ca')).toContain('--out-dir');
  await use(`dev-cert ca partners --out-dir ${cli.directory}`);
  expect(await ask('secret')).toContain('secret create');
  const secret = await ask('secret', 'create');
  expect(secret).toMatch(/tls-ca +--cert FILE/);
  await use(`secret create tls-ca partners --cert ${cli.directory}/partners.crt --no-wait`);

  expect(await ask('route')).toContain('route create');
  const route = await ask('route', 'create');
  expect(route).toContain('--client-certificate-subject');
  await use(
    "route create shop --hostname shop.example.org --path /=shop --client-ca-secret partners --client-certificate-subject '*.acme.org' --no-wait",
  );

  await ask('route', 'get');
  const shown = await use('route get shop');
  expect(shown).toMatch(/Client CA: +partners/);
  expect(shown).toMatch(/Subjects: +\*\.acme\.org/);
});
