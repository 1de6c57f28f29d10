import { type Finding, PosternError } from '@postern/contracts';

/** Fails with `validation_failed` and every finding when one of them is an error; warnings refuse nothing. */
export function refuseErrors(findings: readonly Finding[]): void {
  const first = findings.find((finding) => finding.severity === 'error');
  if (first !== undefined) throw new PosternError('validation_failed', { detail: first.message, findings });
}
