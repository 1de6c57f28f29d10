import { type Finding, LIMITS, pointerOf } from '@postern/contracts';
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type ParsedNode,
  Parser,
} from 'yaml';
import { placeOf, type SourceRange, type YamlSource } from './yaml-source.ts';

/** A finding that already knows its offset, since a text that does not parse has no pointers. */
export interface SyntaxFinding {
  readonly finding: Finding;
  readonly offset: number;
}

/**
 * Parses one YAML 1.2 document into plain values, with the place of each; or gives every syntax error.
 *
 * Bounded before anything is built: `LIMITS.descriptorBytesMax` bytes, `LIMITS.documentDepthMax` levels. Refused are
 * several documents, aliases, tags that make other types, keys that are not text, and a key written twice.
 */
export function parseYaml(
  file: string,
  bytes: Buffer,
): { ok: true; source: YamlSource } | { ok: false; text: string; findings: SyntaxFinding[] } {
  if (bytes.length > LIMITS.descriptorBytesMax) {
    return refuse('', 'too_large', `the file has over ${LIMITS.descriptorBytesMax} bytes`, 0);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('', 'encoding', 'the file is not UTF-8 text', 0);
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
  const [document, second] = documents;
  if (document === undefined) return refuse(text, 'empty', 'the file is empty', 0);
  const findings: SyntaxFinding[] = [...document.errors, ...document.warnings].map((error) => ({
    finding: syntaxFinding(error.code.toLowerCase(), messageOfYamlError(error.code, error.message)),
    offset: error.pos[0],
  }));
  if (second !== undefined) {
    const offset = second.range[0];
    findings.push({
      finding: syntaxFinding('several_documents', 'only one document is accepted in a file'),
      offset,
    });
  }
  if (findings.length > 0) return { ok: false, text, findings };
  const builder = new ValueBuilder(text);
  const value = builder.build(document.contents, [], undefined);
  if (builder.findings.length > 0) return { ok: false, text, findings: builder.findings };
  if (value === null || value === undefined) return refuse(text, 'empty', 'the file holds no value', 0);
  return { ok: true, source: { file, text, value, ranges: builder.ranges } };
}

function refuse(
  text: string,
  code: string,
  message: string,
  offset: number,
): { ok: false; text: string; findings: SyntaxFinding[] } {
  return { ok: false, text, findings: [{ finding: syntaxFinding(code, message), offset }] };
}

function syntaxFinding(code: string, message: string, hint?: string): Finding {
  return { severity: 'error', code, message, pointer: '', ...(hint === undefined ? {} : { hint }) };
}

function messageOfYamlError(code: string, message: string): string {
  if (code === 'TAB_AS_INDENT') return 'a tab cannot indent: use spaces';
  if (code === 'TAG_RESOLVE_FAILED') return message.replace(/^Unresolved tag: /, 'unknown tag ');
  const first = message.split('\n', 1)[0] ?? message;
  return first.charAt(0).toLowerCase() + first.slice(1);
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

/** Turns nodes into plain values and notes where each stands. Depth is bounded before. */
class ValueBuilder {
  readonly ranges = new Map<string, SourceRange>();
  readonly findings: SyntaxFinding[] = [];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  build(node: unknown, path: readonly (string | number)[], key: number | undefined): unknown {
    const parsed = node as ParsedNode | null;
    const value = parsed?.range[0] ?? key ?? 0;
    this.ranges.set(pointerOf(path), { key, value });
    if (parsed === null) return null;
    if (isAlias(parsed)) {
      this.#report('alias', `the alias "*${parsed.source}" is not accepted`, value, 'write the value out');
      return null;
    }
    if (isScalar(parsed)) return parsed.value;
    if (isSeq(parsed))
      return parsed.items.map((item, index) => this.build(item, [...path, index], undefined));
    if (isMap(parsed)) {
      const entries = new Map<string, unknown>();
      for (const pair of parsed.items) this.#entry(pair, path, entries);
      return Object.fromEntries(entries);
    }
    this.#report('value', 'this is not a plain value', value);
    return null;
  }

  #entry(pair: unknown, path: readonly (string | number)[], entries: Map<string, unknown>): void {
    if (!isPair(pair)) return;
    const keyNode = pair.key as ParsedNode | null;
    const offset = keyNode?.range[0] ?? 0;
    // The source is compared, not the value: 8080 and true are keys as written.
    const name = isScalar(keyNode)
      ? typeof keyNode.value === 'string'
        ? keyNode.value
        : keyNode.source
      : undefined;
    if (name === undefined || isAlias(keyNode)) {
      this.#report('key', 'a key is plain text', offset);
    } else if (name === '__proto__') {
      this.#report('key', 'the key "__proto__" is not accepted', offset);
    } else if (entries.has(name)) {
      const first = this.ranges.get(pointerOf([...path, name]))?.key ?? 0;
      this.#report(
        'duplicate_key',
        `the key "${name}" is here twice`,
        offset,
        `the first is in line ${placeOf(this.#text, first).line}`,
      );
    } else {
      entries.set(name, this.build(pair.value, [...path, name], offset));
    }
  }

  #report(code: string, message: string, offset: number, hint?: string): void {
    this.findings.push({ finding: syntaxFinding(code, message, hint), offset });
  }
}
