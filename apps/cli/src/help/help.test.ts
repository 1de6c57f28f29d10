import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as Parser from '@oclif/core/parser';
import { describe, expect, test } from 'vitest';
import { COMMANDS, NOUNS } from '../command-list.ts';
import { loadCommand } from '../command-map.ts';
import { EXIT } from '../exit-codes.ts';
import { findCommand } from '../find-command.ts';
import { posternCalls } from '../testing/shell-words.ts';
import { describeCommand } from './command-page.ts';
import { API_COMMAND_EXITS } from './exit-meanings.ts';
import { renderAllPages } from './render-man.ts';
import { wrapText } from './wrap-text.ts';
import { writeHelp } from './write-help.ts';

const SHOWN = Object.keys(COMMANDS).filter((id) => COMMANDS[id]?.hidden !== true);

describe.each(SHOWN)('%s', (id) => {
  test('has a summary of one line, the same in the list and in the class', async () => {
    const { summary = '' } = COMMANDS[id] ?? {};
    expect(summary).toMatch(/^[A-Z].{5,88}[^.]$/);
    expect((await loadCommand(id)).summary).toBe(summary);
  });

  test('has examples that parse, at least one of itself', async () => {
    const { examples } = await describeCommand(id, loadCommand);
    const calls = examples.flatMap(posternCalls);
    const own = [];
    for (const words of calls) {
      const found = await findCommand(words);
      if (found.id === id) own.push(found);
      const command = await loadCommand(found.id);
      const flags = { ...command.baseFlags, ...command.flags };
      const options = { flags, args: command.args ?? {}, strict: command.strict !== false };
      await expect(Parser.parse([...found.rest], options), words.join(' ')).resolves.toBeDefined();
    }
    expect(own, examples.join('\n')).not.toEqual([]);
  });

  test('names related commands that exist', async () => {
    const { related } = await describeCommand(id, loadCommand);
    expect(related).not.toEqual([]);
    const known = SHOWN.map((other) => other.replaceAll(':', ' '));
    for (const words of related) expect(known).toContain(words);
  });

  test('has its exit statuses in --help, and says of every flag what it does', async () => {
    const page = await describeCommand(id, loadCommand);
    const help = await writeHelp([...id.split(':'), '--help'], loadCommand);
    expect(help).toContain('EXIT STATUS');
    for (const [code, meaning] of Object.entries(page.exits)) {
      expect(help).toContain(`  ${code.padEnd(3)}`.trimEnd());
      expect(meaning).not.toBe('');
    }
    for (const flag of page.flags) expect(flag.description, flag.name).not.toBe('');
    for (const argument of page.args) expect(argument.description, argument.name).not.toBe('');
    // Exit statuses stand in one place, in one form.
    expect(page.description ?? '').not.toMatch(/exit status:/i);
  });
});

test('text is wrapped by paragraphs, however the source breaks its lines', () => {
  const text = 'one two\nthree four\n\nfive\n  laid  out\nsix';
  expect(wrapText(text, 13)).toEqual(['one two three', 'four', '', 'five', '  laid  out', 'six']);
});

test('every noun says what it is about', () => {
  const nouns = new Set(SHOWN.filter((id) => id.includes(':')).map((id) => id.split(':', 1)[0]));
  expect(Object.keys(NOUNS).sort()).toEqual([...nouns].sort());
});

test('the meanings of exit statuses are those of the program, and docs/cli.md has the same', () => {
  const statuses = Object.values(EXIT).map(String);
  expect(statuses).toEqual(expect.arrayContaining(Object.keys(API_COMMAND_EXITS)));
  const docs = readFileSync(join(import.meta.dirname, '../../../../docs/cli.md'), 'utf8');
  for (const status of statuses) expect(docs).toMatch(new RegExp(`^\\| ${status} (<a |\\|)`, 'm'));
});

test('the help of the program names every noun and command', async () => {
  const help = await writeHelp([], loadCommand);
  for (const id of SHOWN) expect(help).toContain(id.split(':')[0]);
});

const hasMandoc = spawnSync('mandoc', ['/dev/null']).error === undefined;

test('manual pages are those of the commands, and mandoc finds no error in them', async () => {
  const pages = await renderAllPages(loadCommand, '1.2.3');
  expect(pages.size).toBe(SHOWN.length + 1);
  expect(pages.get('postern-route-list.1')).toContain('.TH POSTERN-ROUTE-LIST 1');
  if (!hasMandoc) return;
  const directory = mkdtempSync(join(tmpdir(), 'postern-man-'));
  try {
    const files = [...pages].map(([name, text]) => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    });
    const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'error', ...files], { encoding: 'utf8' });
    expect(stdout).toBe('');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
