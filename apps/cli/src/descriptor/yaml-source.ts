import type { Finding } from '@postern/contracts';

/** Where a value (and the key that leads to it) begins in a text. Offsets in UTF-16 units. */
export interface SourceRange {
  readonly key: number | undefined;
  readonly value: number;
}

/** A YAML text, its plain value, and where every part of the value stands. */
export interface YamlSource {
  /** As shown in messages: a path, or `-` for standard input. */
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  /** By JSON pointer; the empty one is the whole. */
  readonly ranges: ReadonlyMap<string, SourceRange>;
}

/** Line and column from 1; columns count characters, not UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The place of an offset. */
export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line += 1;
  return { line, column: [...before.slice(lineStart)].length + 1 };
}

/**
 * The offset a finding is about: the key where the key is wrong (or its value is a block below it), the value where the
 * value is, and the nearest enclosing part that is written where something is missing.
 */
export function offsetOfFinding(source: Pick<YamlSource, 'ranges' | 'text'>, finding: Finding): number {
  const exact = source.ranges.get(finding.pointer);
  if (exact !== undefined) {
    if (finding.line !== undefined)
      return offsetInside(source.text, exact.value, finding.line, finding.column ?? 1);
    if (exact.key === undefined) return exact.value;
    const isBelow = source.text.slice(exact.key, exact.value).includes('\n');
    return finding.code === 'unknown_key' || isBelow ? exact.key : exact.value;
  }
  let pointer = finding.pointer;
  while (pointer !== '') {
    pointer = pointer.slice(0, pointer.lastIndexOf('/'));
    const range = source.ranges.get(pointer);
    if (range !== undefined) return range.key ?? range.value;
  }
  return source.ranges.get('')?.value ?? 0;
}

/**
 * The offset of a line and column (from 1) of a text value that begins at `start`: inside literal blocks, and on the first
 * line of plain and quoted text as far as that is written without escapes. Otherwise the beginning of the value.
 */
function offsetInside(text: string, start: number, line: number, column: number): number {
  const header = /^\|[^\n]*\n/.exec(text.slice(start, start + 200))?.[0];
  if (header === undefined) {
    const quote = /["']/.test(text.charAt(start)) ? 1 : 0;
    const before = text.slice(start + quote, start + quote + column - 1);
    return line === 1 && !/["'\\\n]/.test(quote === 0 ? before.replaceAll('\\', '') : before)
      ? start + quote + before.length
      : start;
  }
  let lineStart = start + header.length;
  const indent = /^(?:[ \t]*\r?\n)*( *)/.exec(text.slice(lineStart))?.[1]?.length ?? 0;
  for (let at = 1; at < line; at += 1) {
    const newline = text.indexOf('\n', lineStart);
    if (newline === -1) return start;
    lineStart = newline + 1;
  }
  return Math.min(lineStart + indent + column - 1, text.length);
}
