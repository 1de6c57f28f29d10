import { LIMITS } from '@postern/contracts/plain';
import { Composer, type CST, type Document, Parser } from 'yaml';
import { findUnclosed } from './find-unclosed.ts';
import { type SyntaxFinding, syntaxFinding } from './syntax-finding.ts';
import { ValueBuilder } from './value-builder.ts';
import type { YamlSource } from './yaml-source.ts';

/** The outcome of reading YAML: a value with the place of each of its parts, or every syntax error. */
export type YamlReading =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly text: string; readonly findings: readonly SyntaxFinding[] };

/**
 * Parses one YAML 1.2 document into plain values, with the place of each; or gives every syntax error.
 *
 * Bounded before anything is built: `LIMITS.descriptorBytesMax` bytes, `LIMITS.documentDepthMax` levels. Refused are
 * several documents, aliases, tags that make other types, keys that are not text, and a key written twice.
 */
export function parseYaml(file: string, bytes: Buffer): YamlReading {
  const composed = composeDocuments(bytes, LIMITS.descriptorBytesMax);
  if (!composed.ok) return composed;
  const { text, documents } = composed;
  const [document, second] = documents;
  if (document === undefined) return refuse(text, 'empty', 'the file is empty', 0);
  const findings = syntaxFindingsOf(document, composed.unclosed);
  if (second !== undefined) {
    const offset = second.range[0];
    findings.push({
      finding: syntaxFinding('several_documents', 'only one document is accepted in a file'),
      offset,
    });
  }
  if (findings.length > 0) return { ok: false, text, findings };
  const reading = buildValue(file, text, document);
  return reading ?? refuse(text, 'empty', 'the file holds no value', 0);
}

/**
 * Parses all YAML documents of a file of at most `bytesMax` bytes, each as parseYaml does; empty ones are left out. Where
 * one of them cannot be read, the findings of all that cannot are given, beside the sources of those that can.
 */
export function parseYamlDocuments(
  file: string,
  bytes: Buffer,
  bytesMax: number,
): {
  readonly text: string;
  readonly sources: readonly YamlSource[];
  readonly findings: readonly SyntaxFinding[];
} {
  const composed = composeDocuments(bytes, bytesMax);
  if (!composed.ok) return { text: composed.text, sources: [], findings: composed.findings };
  const { text } = composed;
  const sources: YamlSource[] = [];
  const findings: SyntaxFinding[] = [];
  for (const document of composed.documents) {
    const broken = syntaxFindingsOf(document, composed.unclosed);
    const reading =
      broken.length > 0 ? { ok: false as const, findings: broken } : buildValue(file, text, document);
    if (reading?.ok === true) sources.push(reading.source);
    else findings.push(...(reading?.findings ?? []));
  }
  return { text, sources, findings };
}

type Composed =
  | {
      readonly ok: true;
      readonly text: string;
      readonly documents: readonly Document.Parsed[];
      readonly unclosed: readonly SyntaxFinding[];
    }
  | { readonly ok: false; readonly text: string; readonly findings: readonly SyntaxFinding[] };

function composeDocuments(bytes: Buffer, bytesMax: number): Composed {
  if (bytes.length > bytesMax) return refuse('', 'too_large', `the file has over ${bytesMax} bytes`, 0);
  const decoded = decodeText(bytes);
  if ('problem' in decoded) return refuse('', 'encoding', decoded.problem, 0, decoded.hint);
  const { text } = decoded;
  const control = text.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/);
  if (control !== -1) {
    const code = text.charCodeAt(control).toString(16).padStart(4, '0').toUpperCase();
    const what = code === '0000' ? 'a NUL character' : `the control character U+${code}`;
    return refuse(
      text,
      'control_character',
      `${what} is not accepted`,
      control,
      'write it as an escape in double quotes',
    );
  }
  const tokens = [...new Parser().parse(text)];
  const deep = offsetTooDeep(tokens);
  if (deep !== undefined) {
    return refuse(text, 'too_deep', `nested more than ${LIMITS.documentDepthMax} levels deep`, deep);
  }
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    uniqueKeys: false,
    keepSourceTokens: false,
  });
  const documents = [...composer.compose(tokens, true, text.length)] as Document.Parsed[];
  return { ok: true, text, documents, unclosed: findUnclosed(tokens) };
}

function decodeText(bytes: Buffer): { text: string } | { problem: string; hint?: string } {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { problem: 'the file is UTF-16 text', hint: 'save it as UTF-8' };
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { problem: 'the file is not UTF-8 text' };
  }
}

/** Every syntax error of a document; of what follows from another one only the first. */
function syntaxFindingsOf(
  { errors, warnings, range }: Document.Parsed,
  unclosed: readonly SyntaxFinding[],
): SyntaxFinding[] {
  const [start, , end] = range;
  const open = unclosed.filter(({ offset }) => offset >= start && offset <= end);
  const first = errors.find(({ code }) => code === 'UNEXPECTED_TOKEN');
  const told = [...errors, ...warnings].filter((error) => {
    if (error.code === 'UNEXPECTED_TOKEN') return error === first && open.length === 0;
    return open.length === 0 || !/closing|flow (map|sequence)/i.test(error.message);
  });
  const findings = told.map((error) => ({
    finding: syntaxFinding(error.code.toLowerCase(), messageOfYamlError(error.code, error.message)),
    offset: error.pos[0],
  }));
  // Several complaints about one place are one mistake.
  const places = new Set<number>();
  return [...open, ...findings].filter(({ offset }) => !places.has(offset) && places.add(offset));
}

/** The value of a document that has no syntax error; undefined where it holds none. */
function buildValue(file: string, text: string, document: Document.Parsed): YamlReading | undefined {
  const builder = new ValueBuilder(text);
  const value = builder.build(document.contents, [], undefined);
  if (builder.findings.length > 0) return { ok: false, text, findings: builder.findings };
  if (value === null || value === undefined) return undefined;
  return { ok: true, source: { file, text, value, ranges: builder.ranges } };
}

function refuse(
  text: string,
  code: string,
  message: string,
  offset: number,
  hint?: string,
): { ok: false; text: string; findings: SyntaxFinding[] } {
  return { ok: false, text, findings: [{ finding: syntaxFinding(code, message, hint), offset }] };
}

/** The parser's sentences without what they quote, which may be the value of a secret. */
function messageOfYamlError(code: string, message: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent: use spaces';
    case 'TAG_RESOLVE_FAILED':
      return 'an unknown tag is not accepted; text that begins with "!" belongs in quotes';
    case 'BAD_DQ_ESCAPE':
      return 'this is no escape sequence; a backslash in double quotes is written twice';
    case 'BAD_DIRECTIVE':
      return 'this directive is not known';
    case 'MULTILINE_IMPLICIT_KEY':
      return 'this is neither a key with a colon and a space behind it, nor a value';
    case 'UNEXPECTED_TOKEN': {
      const token = /token in YAML stream: ("[^\w"\\]{1,3}")/.exec(message)?.[1];
      return `${token ?? 'this'} cannot stand here`;
    }
    default: {
      const first = message.split('\n', 1)[0] ?? message;
      return first.charAt(0).toLowerCase() + first.slice(1);
    }
  }
}

/** Walks the syntax without recursion, which a document made of brackets would overflow. */
function offsetTooDeep(tokens: readonly CST.Token[]): number | undefined {
  const open: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  for (;;) {
    const next = open.pop();
    if (next === undefined) return undefined;
    const { token, depth } = next;
    if (depth > LIMITS.documentDepthMax) return token.offset;
    if (token.type === 'document') {
      if (token.value !== undefined) open.push({ token: token.value, depth });
    } else if ('items' in token) {
      for (const item of token.items) {
        for (const child of [item.key, item.value]) if (child) open.push({ token: child, depth: depth + 1 });
      }
    }
  }
}
