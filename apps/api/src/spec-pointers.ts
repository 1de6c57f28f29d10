import { type Finding, PosternError } from '@postern/contracts';
import { countOf } from './operation.ts';

/** Findings about a spec, with pointers into the body that carries it as `spec`. */
export function underSpec(findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, pointer: `/spec${finding.pointer}` }));
}

/** Waits for a write; where the store refuses the spec (`validation_failed`), the pointers are made to lead into the body. */
export async function withSpecPointers<T>(writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    if (!(error instanceof PosternError) || error.code !== 'validation_failed') throw error;
    const findings = underSpec(error.findings);
    throw new PosternError('validation_failed', { detail: countOf(findings), findings, cause: error });
  }
}
