import { pointerOf } from '@postern/contracts/plain';
import { isAlias, isMap, isPair, isScalar, isSeq, type ParsedNode } from 'yaml';
import { type SyntaxFinding, syntaxFinding } from './syntax-finding.ts';
import { placeOf, type SourceRange } from './yaml-source.ts';

/** Turns nodes into plain values and notes where each stands. Depth is bounded before. */
export class ValueBuilder {
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
      // Its name is not repeated: it may be a password that begins with an asterisk.
      const hint = 'write the value out; text that begins with "*" belongs in quotes';
      this.#report('alias', 'an alias is not accepted', value, hint);
      return null;
    }
    if (isScalar(parsed)) {
      if (typeof parsed.value !== 'object' || parsed.value === null) return parsed.value;
      this.#report(
        'value',
        `the tag ${parsed.tag ?? ''} makes no plain value`,
        value,
        'write it without the tag',
      );
      return null;
    }
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
