import type { CST } from 'yaml';
import { type SyntaxFinding, syntaxFinding } from './syntax-finding.ts';

/** Quotes and brackets that are never closed, each at its beginning; a parser would name the end of the file. */
export function findUnclosed(tokens: readonly CST.Token[]): SyntaxFinding[] {
  const findings: SyntaxFinding[] = [];
  const open: CST.Token[] = [...tokens];
  for (;;) {
    const token = open.pop();
    if (token === undefined) return findings;
    const opener = openerOf(token);
    if (opener !== undefined) {
      const finding = syntaxFinding('unclosed', `this ${opener} is never closed`);
      findings.push({ finding, offset: token.offset });
    }
    if (token.type === 'document') {
      if (token.value !== undefined) open.push(token.value);
    } else if ('items' in token) {
      for (const item of token.items) {
        for (const child of [item.key, item.value]) if (child) open.push(child);
      }
    }
  }
}

function openerOf(token: CST.Token): string | undefined {
  switch (token.type) {
    case 'double-quoted-scalar':
      return /^"(?:[^"\\]|\\[\s\S])*"$/.test(token.source) ? undefined : 'double quote';
    case 'single-quoted-scalar':
      return /^'(?:[^']|'')*'$/.test(token.source) ? undefined : 'single quote';
    case 'flow-collection': {
      const [bracket, closing] =
        token.start.source === '[' ? (['[', 'flow-seq-end'] as const) : (['{', 'flow-map-end'] as const);
      return token.end.some(({ type }) => type === closing) ? undefined : `"${bracket}"`;
    }
    default:
      return undefined;
  }
}
