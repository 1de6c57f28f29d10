import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LIMITS } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import type { PlacedFinding } from '../descriptor/format-findings.ts';
import { type RouteFile, readRouteText } from '../descriptor/read-route-file.ts';
import { placeOf } from '../descriptor/yaml-source.ts';
import { failureKindOf } from '../exit-codes.ts';
import { hintOf, messageOf } from '../output/report-error.ts';

const MARK = '# postern: ';

/** What came of an edit that was not a failure. */
export type EditOutcome<T> = { readonly changed: false } | { readonly changed: true; readonly value: T };

interface EditOptions<T> {
  /** Shown in messages and part of the file's name. */
  readonly name: string;
  readonly text: string;
  /** A shell command; the file is its last argument. */
  readonly editor: string;
  /** Takes an edit, or gives the findings it is rejected for; anything else it throws ends the edit. */
  accept(file: RouteFile): Promise<{ readonly value: T } | { readonly rejected: readonly PlacedFinding[] }>;
}

/**
 * Lets a person edit a descriptor until it is accepted. A rejected edit reopens with what is wrong as comments, on top
 * and above the lines meant. It ends without a change when the text is the original one, and as a failure when a
 * rejected edit is left as it is, when nothing is left of the text, or when the editor fails. A failure keeps what was
 * edited and says where. The file is 0600 in a folder of its own.
 */
export async function editUntilAccepted<T>(options: EditOptions<T>): Promise<EditOutcome<T>> {
  const path = join(mkdtempSync(join(tmpdir(), 'postern-')), `${options.name}.yaml`);
  let before = options.text;
  let keep = false;
  writeFileSync(path, before, { mode: 0o600, flag: 'wx' });
  try {
    for (;;) {
      await runEditor(options.editor, path);
      const after = readEdited(path);
      if (after === options.text) return { changed: false };
      if (after === before) throw new CliFailure('validation_failed', 'the edit is still rejected');
      const outcome = await judge(options, path, after);
      if ('value' in outcome) return { changed: true, value: outcome.value };
      writeFileSync(path, withMarks(after, outcome.rejected), { mode: 0o600 });
      before = after;
    }
  } catch (error) {
    // Work that somebody did is not thrown away with the failure.
    keep = isWorthKeeping(path, options.text);
    throw keep ? withKeptEdit(error, options.name, path) : error;
  } finally {
    if (!keep) rmSync(dirname(path), { recursive: true, force: true });
  }
}

async function judge<T>(
  options: EditOptions<T>,
  path: string,
  text: string,
): Promise<{ readonly value: T } | { readonly rejected: readonly PlacedFinding[] }> {
  const bytes = Buffer.from(text, 'utf8');
  const reading = readRouteText(path, bytes);
  if (!reading.ok) return { rejected: reading.placed };
  if (reading.file.name !== null && reading.file.name !== options.name) {
    const offset = reading.file.source.ranges.get('/name')?.value ?? 0;
    const message = `the route keeps its name "${options.name}"`;
    return {
      rejected: [{ offset, finding: { severity: 'error', code: 'name', message, pointer: '/name' } }],
    };
  }
  return options.accept(reading.file);
}

function readEdited(path: string): string {
  const text = withoutMarks(readIfThere(path));
  if (text.trim() === '')
    throw new CliFailure('failed', 'the editor left nothing of the text; nothing is changed');
  if (text.length > 2 * LIMITS.descriptorBytesMax)
    throw new CliFailure('validation_failed', `${path} is too large`);
  return text;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function isWorthKeeping(path: string, original: string): boolean {
  try {
    const text = withoutMarks(readIfThere(path));
    return text !== original && text.trim() !== '';
  } catch {
    return false;
  }
}

function withKeptEdit(error: unknown, name: string, path: string): CliFailure {
  const kept = `your edit is kept in ${path} (once it is right: postern route update ${name} -f ${path})`;
  const hint = hintOf(error);
  return new CliFailure(failureKindOf(error), messageOf(error), {
    hint: hint === undefined ? kept : `${hint}; ${kept}`,
    cause: error,
  });
}

/** Puts findings into a text as comments: all on top, and each again above its line. */
export function withMarks(text: string, placed: readonly PlacedFinding[]): string {
  const marks = placed
    .map(({ finding, offset }) => {
      const hint = finding.hint === undefined ? '' : ` (${finding.hint})`;
      const message = `${finding.severity}: ${finding.message}${hint}`.replace(/[\r\n]+/g, ' ');
      return { message, line: placeOf(text, offset).line };
    })
    .toSorted((a, b) => a.line - b.line);
  const top = [`${MARK}this was not accepted; correct it and save, or leave it unchanged to give up`];
  for (const { message, line } of marks) {
    // Where the line stands now: below the top, and below the marks on it and before it.
    const shown = 1 + marks.length + marks.filter((mark) => mark.line <= line).length + line;
    top.push(`${MARK}line ${shown}: ${message}`);
  }
  const body = text
    .split('\n')
    .flatMap((content, index) => [
      ...marks.filter(({ line }) => line === index + 1).map(({ message }) => MARK + message),
      content,
    ]);
  return [...top, ...body].join('\n');
}

/** Takes such comments out again. */
export function withoutMarks(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith(MARK))
    .join('\n');
}

/** Runs the editor on the terminal; Ctrl-C there is the editor's. Failure (exit status 1) when it does not end well. */
async function runEditor(editor: string, path: string): Promise<void> {
  const ignore = (): void => undefined;
  const others = process.listeners('SIGINT');
  process.removeAllListeners('SIGINT');
  process.on('SIGINT', ignore);
  try {
    const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
      (resolve, reject) => {
        const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', path], { stdio: 'inherit' });
        child.on('error', reject);
        child.on('exit', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
      },
    );
    if (code === 0) return;
    throw new CliFailure(
      'failed',
      `the editor (${editor}) ended with ${signal === null ? `status ${code ?? '?'}` : signal}; nothing is changed`,
      { hint: 'set VISUAL or EDITOR to another one' },
    );
  } finally {
    process.off('SIGINT', ignore);
    for (const listener of others) process.on('SIGINT', listener);
  }
}
