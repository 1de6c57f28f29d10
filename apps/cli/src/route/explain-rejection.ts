import { PosternError } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { formatFindings } from '../descriptor/format-findings.ts';
import { placeDescriptorFindings, type RouteFile, rejectedFile } from '../descriptor/read-route-file.ts';

/**
 * Turns the API's findings about a route into ones a person can go to: places in the file where one was given, paths in
 * the descriptor otherwise. Anything else stays as it is.
 */
export function explainRejection(error: unknown, name: string, file: RouteFile | null): unknown {
  if (!(error instanceof PosternError) || error.code !== 'validation_failed' || error.findings.length === 0) {
    return error;
  }
  if (file !== null) {
    return rejectedFile(file.source.file, file.source.text, placeDescriptorFindings(file, error.findings));
  }
  const findings = error.findings.map((finding) => ({
    ...finding,
    pointer: finding.pointer.replace(/^\/spec(?=\/|$)/, ''),
  }));
  return new CliFailure('validation', `the route "${name}" is refused`, {
    report: formatFindings(findings),
    findings,
    cause: error,
  });
}
