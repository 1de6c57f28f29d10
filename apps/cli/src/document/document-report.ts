import type { Finding } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { formatPlacedFindings, type PlacedFinding } from '../descriptor/format-findings.ts';
import { placeOf } from '../descriptor/yaml-source.ts';
import { maskLine, mayHoldSecrets } from './mask-secrets.ts';

/** A finding with the file it is about; line and column count in that file. */
export type FileFinding = Finding & { readonly file: string };

/** What is wrong or doubtful with one file: for a program, and written out for a person. */
export interface DocumentReport {
  readonly file: string;
  readonly findings: readonly FileFinding[];
  readonly text: string;
}

/** Reports findings at their places in a file of documents. Values of secrets are never quoted. */
export function reportPlaced(file: string, text: string, placed: readonly PlacedFinding[]): DocumentReport {
  const show = mayHoldSecrets(text) ? maskLine : undefined;
  return {
    file,
    findings: placed.map(({ finding, offset }) => ({ ...finding, ...placeOf(text, offset), file })),
    text: formatPlacedFindings(file, text, placed, show),
  };
}

/** Whether any of the reports has an error. */
export function hasErrors(reports: readonly DocumentReport[]): boolean {
  return reports.some(({ findings }) => findings.some(({ severity }) => severity === 'error'));
}

/** The reports as a person reads them, file by file; empty without findings. */
export function textOfReports(reports: readonly DocumentReport[]): string {
  return reports
    .filter(({ findings }) => findings.length > 0)
    .map(({ text }) => text)
    .join('\n');
}

/** The failure for files with errors; exit status 3. */
export function rejectedDocuments(reports: readonly DocumentReport[], cause?: unknown): CliFailure {
  const findings = reports.flatMap((report) => report.findings);
  const errors = findings.filter(({ severity }) => severity === 'error');
  const files = [...new Set(errors.map(({ file }) => file))];
  const count = `${errors.length} error${errors.length === 1 ? '' : 's'}`;
  const message =
    files.length === 1 ? `${files[0] ?? ''} has ${count}` : `${files.length} files have ${count}`;
  return new CliFailure('validation_failed', message, { report: textOfReports(reports), findings, cause });
}
