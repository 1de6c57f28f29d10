import { type Finding, PosternError } from '@postern/contracts';
import { countOf } from './operation.ts';

/** Findings about one part of a body, with pointers into the body that carries it under a key. */
export function findingsUnder(key: 'spec' | 'secret', findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, pointer: `/${key}${finding.pointer}` }));
}

/** Waits for a write; where the store refuses a part of the body (`validation_failed`), the pointers are made to lead into the body. */
export async function withPointersUnder<T>(key: 'spec' | 'secret', writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    if (!(error instanceof PosternError) || error.code !== 'validation_failed') throw error;
    const findings = findingsUnder(key, error.findings);
    throw new PosternError('validation_failed', { detail: countOf(findings), findings, cause: error });
  }
}
