import { type Finding, PosternError } from '@postern/contracts';
import { CliFailure } from './cli-failure.ts';
import { formatFindings } from './descriptor/format-findings.ts';

/**
 * Turns the API's findings about one resource into a failure that says what is refused (`the service "cart"`), with
 * pointers into what the person wrote. Anything else stays as it is.
 */
export function explainRefusal(
  error: unknown,
  what: string,
  report: (findings: readonly Finding[]) => string = formatFindings,
): unknown {
  if (!(error instanceof PosternError) || error.findings.length === 0) return error;
  const findings = ownFindings(error.findings);
  return new CliFailure('validation_failed', `${what} is refused`, {
    report: report(findings),
    findings,
    cause: error,
  });
}

/** Findings with pointers into the spec or secret, as a person wrote it, and not into the request around it. */
export function ownFindings(findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({
    ...finding,
    pointer: finding.pointer.replace(/^\/(spec|secret)(?=\/|$)/, ''),
  }));
}
