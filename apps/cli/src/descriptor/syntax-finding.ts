import type { Finding } from '@postern/contracts';

/** A finding that already knows its offset, since a text that does not parse has no pointers. */
export interface SyntaxFinding {
  readonly finding: Finding;
  readonly offset: number;
}

/** Makes one; its pointer is empty, since it is about the text and not about a value. */
export function syntaxFinding(code: string, message: string, hint?: string): Finding {
  return { severity: 'error', code, message, pointer: '', ...(hint === undefined ? {} : { hint }) };
}
