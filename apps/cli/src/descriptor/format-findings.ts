import { type Finding, pathOfPointer } from '@postern/contracts';
import { cleanText } from '../output/clean-text.ts';
import { shellWord } from '../output/command-line.ts';
import { STANDARD_INPUT } from '../read-input-file.ts';
import { offsetOfFinding, placeOf, type YamlSource } from './yaml-source.ts';

/** A finding at an offset of a text. */
export interface PlacedFinding {
  readonly finding: Finding;
  readonly offset: number;
}

/** Gives each finding its offset in the source. */
export function placeFindings(source: YamlSource, findings: readonly Finding[]): PlacedFinding[] {
  return findings.map((finding) => ({ finding, offset: offsetOfFinding(source, finding) }));
}

/**
 * Writes findings in the order of the text, each as `file:line:column: severity: message`, the source line (as `show`
 * gives it, which must keep its length), a caret and the hint.
 */
export function formatPlacedFindings(
  file: string,
  text: string,
  placed: readonly PlacedFinding[],
  show: (line: string) => string = (line) => line,
): string {
  return placed
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ finding, offset }) => {
      const { line, column } = placeOf(text, offset);
      const head = `${file}:${line}:${column}: ${finding.severity}: ${finding.message}`;
      return [head, ...excerpt(text, offset, show), ...hintLines(finding)].join('\n');
    })
    .join('\n');
}

const EXCERPT_CHARS_MAX = 160;

/** The line of an offset and a caret below; nothing where the line is empty. Long lines are cut around the place. */
function excerpt(text: string, offset: number, show: (line: string) => string): string[] {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const newline = text.indexOf('\n', offset);
  const whole = text.slice(start, newline === -1 ? text.length : newline).replace(/\r$/, '');
  if (whole.trim() === '') return [];
  const cut = Math.max(0, offset - start - EXCERPT_CHARS_MAX / 2);
  const line = cleanText(show(whole).slice(cut, cut + EXCERPT_CHARS_MAX));
  const indent = [...line.slice(0, offset - start - cut)]
    .map((char) => (char === '\t' ? '\t' : ' '))
    .join('');
  return [`    ${line}`, `    ${indent}^`];
}

/** Writes findings that belong to no file; the pointer stands as a path like `routes[0].prefix`. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings
    .map((finding) => {
      const where = pathTextOf(finding.pointer);
      const head = `${finding.severity}: ${where === '' ? '' : `${where}: `}${finding.message}`;
      return [head, ...hintLines(finding)].join('\n');
    })
    .join('\n');
}

function pathTextOf(pointer: string): string {
  return pathOfPointer(pointer).reduce((path, part) => {
    if (/^\d+$/.test(part)) return `${path}[${part}]`;
    return path === '' ? part : `${path}.${part}`;
  }, '');
}

/** Writes findings about PEM files, by the file each pointer stands for; key material is never quoted. */
export function formatPemFindings(
  findings: readonly Finding[],
  fileOf: (pointer: string) => string | undefined,
): string {
  return findings
    .map((finding) => {
      const file = fileOf(finding.pointer);
      if (file === undefined) return formatFindings([finding]);
      const place = finding.line === undefined ? '' : `:${finding.line}:${finding.column ?? 1}`;
      const head = `${file}${place}: ${finding.severity}: ${finding.message}`;
      return [head, ...hintLines(finding).map((line) => withFile(line, file))].join('\n');
    })
    .join('\n');
}

/** A command of a hint as it can be run: FILE stands for the file that the finding is about. */
function withFile(hint: string, file: string): string {
  return file === STANDARD_INPUT ? hint : hint.replaceAll(/\bFILE\b/g, () => shellWord(file));
}

function hintLines(finding: Finding): string[] {
  return finding.hint === undefined ? [] : [`    ${finding.hint}`];
}
