import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadCommand } from '../command-map.ts';
import { type CliHarness, endOf, startCliHarness } from '../testing/cli-harness.ts';
import { type NameKind, suggest } from './suggest.ts';

let cli: CliHarness;

beforeAll(async () => {
  cli = await startCliHarness();
  const spec = { targets: ['http://127.0.0.1:9'] };
  await cli.client.services.create('default', { name: 'cart', spec });
  await cli.client.services.create('default', { name: 'echo', spec });
  await cli.client.routes.create('default', {
    name: 'shop-window',
    spec: { host: 'shop.example.org', routes: [{ prefix: '/', route: { service: 'cart' } }] },
  });
});

afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
});

const NAMES: Readonly<Record<NameKind, readonly string[]>> = {
  route: ['my-route', 'other'],
  secret: ['my-ca'],
  service: ['cart', 'echo'],
  hostname: ['shop.example.org'],
  token: ['ci'],
  context: ['local'],
};

async function values(...words: string[]): Promise<string[]> {
  return (await suggest(words, async (kind) => NAMES[kind], loadCommand)).map(({ value }) => value);
}

describe('what is suggested', () => {
  test.each<[string, string[], string[]]>([
    ['a noun', ['ro'], ['route']],
    ['a verb', ['route', 'ex'], ['export']],
    ['a verb of a plural', ['services', 'up'], ['update']],
    ['the name of a thing', ['route', 'get', ''], ['my-route', 'other']],
    ['the name behind a flag', ['route', 'get', '--json', 'm'], ['my-route']],
    ['the name behind an alias', ['routes', 'rm', 'o'], ['other']],
    ['a type', ['secret', 'create', 'tls'], ['tls-ca', 'tls']],
    ['a flag', ['route', 'create', '--client-ca-s'], ['--client-ca-secret']],
    ['the negation of a flag', ['route', 'create', '--no-w'], ['--no-wait']],
    ['a secret for a flag', ['route', 'update', 'my-route', '--client-ca-secret', ''], ['my-ca']],
    ['a secret in a flag', ['route', 'update', '--client-ca-secret=m'], ['--client-ca-secret=my-ca']],
    ['a service for a path', ['route', 'create', '--path', '/x=e'], ['/x=echo']],
    ['a word of a list', ['route', 'list', '-o', 'w'], ['wide']],
    ['a hostname', ['hostname', 'check', ''], ['shop.example.org']],
    ['a hostname for a flag', ['service', 'expose', 'cart', '--hostname', ''], ['shop.example.org']],
    ['nothing for a new hostname', ['hostname', 'add', ''], []],
    ['a context', ['route', 'list', '--context', ''], ['local']],
    ['nothing where a file is wanted', ['route', 'create', '-f', ''], []],
    ['nothing behind the last argument', ['route', 'get', 'my-route', ''], []],
    ['nothing for a new name', ['route', 'create', ''], []],
    ['nothing for what is unknown', ['rout', 'get', ''], []],
  ])('%s', async (_title, words, expected) => {
    expect(await values(...words)).toEqual(expected);
  });

  test('hidden commands never', async () => {
    expect((await values('')).filter((value) => value.startsWith('_'))).toEqual([]);
  });
});

describe('postern __complete', () => {
  test('is silent and in time when the API does not answer', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    try {
      const address = silent.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const env = { POSTERN_URL: `http://127.0.0.1:${port}`, POSTERN_TOKEN: 'x' };
      const result = await cli.postern(['__complete', '--', 'route', 'get', ''], { env });
      expect(result).toMatchObject({ code: 0, stdout: '', stderr: '' });
    } finally {
      silent.close();
    }
  });
});

/** Runs a line in a shell in which `postern` is this program, with its completion loaded. */
async function inShell(shell: string, script: string): Promise<string> {
  const program = cli.file('postern', `#!/bin/sh\nexec ${cli.program} "$@"\n`);
  spawnSync('chmod', ['755', program]);
  const flags = { bash: ['--norc'], zsh: ['-f'], fish: ['--no-config'] }[shell] ?? [];
  const child = cli.start(shell, [
    ...flags,
    '-c',
    `HOME=${cli.directory}; PATH=${cli.directory}:$PATH; ${script}`,
  ]);
  child.stdin.end();
  const { stdout, stderr } = await endOf(child);
  expect(stderr).toBe('');
  return stdout.trim();
}

/** What bash would offer when Tab is pressed behind `line`. */
function inBash(line: string): Promise<string> {
  return inShell(
    'bash',
    `source <(postern completion bash)
COMP_LINE=${JSON.stringify(line)}; COMP_POINT=\${#COMP_LINE}
_postern; echo "\${COMPREPLY[*]}"`,
  );
}

/** The program waits for the API no longer than who presses Tab does; on a busy machine one presses again. */
function pressing(tab: () => Promise<void>): Promise<void> {
  return vi.waitFor(tab, { timeout: 60_000, interval: 100 });
}

describe('in bash', () => {
  test.each([
    ['postern route ex', 'export'],
    ['postern route get ', 'shop-window'],
    ['postern route create x --path /=c', 'cart'],
    ['postern route list -o n', 'name'],
    ['postern route create -f ', ''],
  ])('%j offers %j', async (line, expected) => {
    await pressing(async () => expect(await inBash(line)).toBe(expected));
  });
});

const missing = (program: string): boolean => spawnSync(program, ['--version']).error !== undefined;

test.skipIf(missing('zsh'))('in zsh the script loads and offers names with what they are about', async () => {
  const shown = await inShell(
    'zsh',
    `compdef() { :; }; _describe() { print -l -- \${(P)2}; }; _files() { echo files; }
source <(postern completion zsh)
words=(postern route ex); CURRENT=3; _postern
words=(postern route create -f ''); CURRENT=5; _postern`,
  );
  expect(shown).toBe("export:Print a route's descriptor as YAML\nfiles");
});

test.skipIf(missing('fish'))('in fish the script loads and offers names with what they are about', () =>
  pressing(async () => {
    const child = cli.start('fish', [
      '--no-config',
      '-c',
      `set -x HOME ${cli.directory}; set -x PATH ${cli.directory} $PATH; postern completion fish | source; complete -C 'postern route ex'; complete -C 'postern route get '`,
    ]);
    child.stdin.end();
    const { stdout } = await endOf(child);
    expect(stdout.trim().split('\n')).toEqual(["export\tPrint a route's descriptor as YAML", 'shop-window']);
  }),
);
