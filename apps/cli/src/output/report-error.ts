import { inspect } from 'node:util';
import { PosternError, PROBLEMS } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { formatFindings } from '../descriptor/format-findings.ts';
import { exitCodeOf, failureKindOf } from '../exit-codes.ts';
import { cleanText } from './clean-text.ts';
import { describeConflict } from './describe-conflict.ts';
import { placeOf } from './failure-place.ts';
import { type FailedCall, hintOf } from './hint-of.ts';

export { hintOf } from './hint-of.ts';

/** What is known beside the failure itself. */
export interface ReportOptions {
  /** Stacks are shown. */
  readonly debug: boolean;
  readonly call?: FailedCall | undefined;
}

/** Writes a failure for a person: what, where, why, what to try, where to read on. Ends in a newline. */
export function formatError(error: unknown, { debug, call }: ReportOptions): string {
  const lines: string[] = [];
  const report = reportOf(error);
  if (report !== undefined) lines.push(report);
  lines.push(isInterruption(error) ? messageOf(error) : `error: ${messageOf(error)}`);
  const conflict = problemOf(error)?.conflict;
  const rows = [
    ['where', placeOf(error)],
    ['why', whyOf(error)],
    ['hint', hintOf(error, call)],
    ['see', failureKindOf(error) === 'usage' || isInterruption(error) ? undefined : docsOf(error)],
  ] as const;
  for (const [label, text] of rows) {
    if (text !== undefined) lines.push(`${label}: ${text}`);
    if (label === 'why' && conflict !== undefined) lines.push(...describeConflict(conflict));
  }
  if (debug) lines.push(inspect(error));
  else if (isFault(error)) lines.push('This is a fault in postern. --debug shows where it happened.');
  return cleanText(`${lines.join('\n')}\n`);
}

/** Writes a failure for a program: one JSON object with the exit status in it. Ends in a newline. */
export function formatErrorJson(error: unknown, call?: FailedCall): string {
  const conflict = problemOf(error)?.conflict;
  const findings = error instanceof PosternError || error instanceof CliFailure ? error.findings : [];
  return `${JSON.stringify({
    error: {
      code: codeOf(error),
      exitCode: exitCodeOf(error),
      message: error instanceof PosternError ? error.message : messageOf(error),
      where: placeOf(error),
      why: whyOf(error),
      hint: hintOf(error, call),
      docs: docsOf(error),
      ...(findings.length === 0 ? {} : { findings }),
      ...(conflict === undefined ? {} : { conflict }),
    },
  })}\n`;
}

/** One line for a person; a problem of the API with its code. */
export function messageOf(error: unknown): string {
  if (error instanceof PosternError) {
    // The findings stand above: the message would say the first of them again.
    const text = error.findings.length > 0 ? PROBLEMS[error.code].title : error.message;
    return `${text} (${error.code})`;
  }
  if (isInterruption(error)) return 'interrupted: nothing is changed';
  return error instanceof Error ? error.message : String(error);
}

function reportOf(error: unknown): string | undefined {
  if (error instanceof CliFailure) return error.report;
  return error instanceof PosternError && error.findings.length > 0
    ? formatFindings(error.findings)
    : undefined;
}

function codeOf(error: unknown): string {
  return problemOf(error)?.code ?? failureKindOf(error);
}

/** The meaning of a problem's code, unless the message says it already. */
function whyOf(error: unknown): string | undefined {
  const problem = problemOf(error);
  if (problem === undefined || problem.findings.length > 0) return undefined;
  return PROBLEMS[problem.code].meaning;
}

function docsOf(error: unknown): string {
  const problem = problemOf(error);
  return problem === undefined
    ? `docs/cli.md#${failureKindOf(error).replaceAll('_', '-')}`
    : `docs/errors.md#${problem.code}`;
}

function problemOf(error: unknown): PosternError | undefined {
  const problem = error instanceof CliFailure ? error.cause : error;
  return problem instanceof PosternError ? problem : undefined;
}

function isInterruption(error: unknown): boolean {
  return failureKindOf(error) === 'interrupted';
}

/** Nothing that was foreseen. */
function isFault(error: unknown): boolean {
  return (
    failureKindOf(error) === 'failed' && !(error instanceof CliFailure) && !(error instanceof PosternError)
  );
}
