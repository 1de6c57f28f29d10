import { type Finding, pathOfPointer, pointerOf } from '@postern/contracts';

/**
 * Makes findings about a value that a person wrote easier to act on: hints that only the written value shows are added, and
 * what merely follows from another finding is dropped.
 */
export function explainFindings(value: unknown, findings: readonly Finding[]): Finding[] {
  return withoutEchoes(findings).map((finding) => explain(value, finding));
}

/** Adds what only the text shows: a number or a yes where text is due was meant to be quoted. */
function explain(value: unknown, found: Finding): Finding {
  // A record is an object whose keys are free.
  const finding = { ...found, message: found.message.replace(/^expected record/, 'expected object') };
  const written = valueAt(value, finding.pointer);
  const withHint = (hint: string): Finding => ({ ...finding, hint });
  if (finding.code === 'wrong_type' && finding.message.startsWith('expected string')) {
    if (typeof written === 'number' || typeof written === 'boolean') {
      return withHint(`put it in quotes: "${String(written)}"`);
    }
  }
  if (finding.code === 'wrong_type' && finding.message.startsWith('expected boolean')) {
    if (typeof written === 'string') return withHint('write true or false, without quotes');
  }
  return finding;
}

/**
 * Drops what follows from a misspelt key alone: that the key it was meant for is missing, or that its matcher sets none.
 */
function withoutEchoes(findings: readonly Finding[]): Finding[] {
  const meant = new Set<string>();
  for (const { code, pointer, hint } of findings) {
    const key = /^did you mean "(.*)"\?$/.exec(hint ?? '')?.[1];
    if (code !== 'unknown_key' || key === undefined) continue;
    const parent = pathOfPointer(pointer).slice(0, -1);
    meant.add(pointerOf([...parent, key])).add(pointerOf(parent));
  }
  return findings.filter(
    ({ code, pointer }) => !((code === 'missing' || code === 'matcher_keys') && meant.has(pointer)),
  );
}

function valueAt(value: unknown, pointer: string): unknown {
  let current = value;
  for (const key of pathOfPointer(pointer)) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string, unknown>)[key];
  }
  return current;
}
