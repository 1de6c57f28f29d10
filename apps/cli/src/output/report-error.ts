import { inspect } from 'node:util';
import { PosternError, PROBLEMS } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { formatFindings } from '../descriptor/format-findings.ts';
import { exitCodeOf, failureKindOf } from '../exit-codes.ts';
import { cleanText } from './clean-text.ts';

/** Writes a failure for a person: what, where, why, and what to try. Ends in a newline. */
export function formatError(error: unknown, debug: boolean): string {
  const lines: string[] = [];
  const report = reportOf(error);
  if (report !== undefined) lines.push(report);
  lines.push(isInterruption(error) ? messageOf(error) : `error: ${messageOf(error)}`);
  const hint = hintOf(error);
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  if (debug) lines.push(inspect(error));
  else if (isFault(error)) lines.push('This is a fault in postern. POSTERN_DEBUG=1 shows where it happened.');
  return cleanText(`${lines.join('\n')}\n`);
}

/** Writes a failure for a program: one JSON object with the exit status in it. Ends in a newline. */
export function formatErrorJson(error: unknown): string {
  const hint = hintOf(error);
  const findings = error instanceof PosternError || error instanceof CliFailure ? error.findings : [];
  return `${JSON.stringify({
    error: {
      code: codeOf(error),
      exitCode: exitCodeOf(error),
      message: error instanceof PosternError ? error.message : messageOf(error),
      ...(hint === undefined ? {} : { hint }),
      ...(findings.length === 0 ? {} : { findings }),
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
  if (isInterruption(error)) return 'interrupted: nothing is deleted';
  return error instanceof Error ? error.message : String(error);
}

/** What to try about a failure, where there is something. */
export function hintOf(error: unknown): string | undefined {
  if (error instanceof CliFailure) return error.hint;
  if (error instanceof PosternError) return hintOfProblem(error);
  return failureKindOf(error) === 'unreachable'
    ? 'see whether Postern runs there, or start one here with `postern up`'
    : undefined;
}

function reportOf(error: unknown): string | undefined {
  if (error instanceof CliFailure) return error.report;
  return error instanceof PosternError && error.findings.length > 0
    ? formatFindings(error.findings)
    : undefined;
}

function codeOf(error: unknown): string {
  const problem = error instanceof CliFailure ? error.cause : error;
  return problem instanceof PosternError ? problem.code : failureKindOf(error);
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

function hintOfProblem(error: PosternError): string | undefined {
  switch (error.code) {
    case 'unauthorized':
      return 'check POSTERN_TOKEN, or the token file of the context';
    case 'version_conflict':
      return 'somebody else changed it meanwhile: read it again and repeat';
    case 'already_exists':
      return 'use `update` to change it';
    case 'internal':
      return typeof error.context?.requestId === 'string'
        ? `the log of the API tells more under request id ${error.context.requestId}`
        : undefined;
    case 'unavailable':
      return error.retryAfterSeconds === undefined
        ? 'run it again in a moment'
        : `run it again in ${error.retryAfterSeconds} s`;
    default:
      return undefined;
  }
}
