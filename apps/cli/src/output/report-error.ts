import { PosternError } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { formatFindings } from '../descriptor/format-findings.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { cleanText } from './clean-text.ts';

/** Writes a failure for a person: what, where, why, and what to try. Ends in a newline. */
export function formatError(error: unknown, debug: boolean): string {
  const lines: string[] = [];
  if (error instanceof CliFailure) {
    if (error.report !== undefined) lines.push(error.report);
    lines.push(`error: ${error.message}`);
    if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  } else if (error instanceof PosternError) {
    if (error.findings.length > 0) lines.push(formatFindings(error.findings));
    lines.push(`error: ${error.message} (${error.code})`);
    const hint = hintOf(error);
    if (hint !== undefined) lines.push(`hint: ${hint}`);
  } else if (error instanceof Error && error.name === 'ExitPromptError') {
    lines.push('interrupted: nothing is deleted');
  } else if (error instanceof Error) {
    lines.push(`error: ${error.message}`);
    if (isExpected(error))
      lines.push('hint: see whether Postern runs there, or start one here with `postern up`');
    else if (!debug) lines.push('This is a fault in postern. POSTERN_DEBUG=1 shows where it happened.');
  } else lines.push(`error: ${String(error)}`);
  if (debug && error instanceof Error && error.stack !== undefined) lines.push(error.stack);
  return cleanText(`${lines.join('\n')}\n`);
}

/** Writes a failure for a program: one JSON object with the exit status in it. Ends in a newline. */
export function formatErrorJson(error: unknown): string {
  const exitCode = exitCodeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const code =
    error instanceof PosternError ? error.code : error instanceof CliFailure ? error.kind : codeOfName(error);
  const findings = error instanceof PosternError || error instanceof CliFailure ? error.findings : [];
  const hint = error instanceof CliFailure ? error.hint : undefined;
  return `${JSON.stringify({
    error: {
      code,
      exitCode,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(findings.length === 0 ? {} : { findings }),
    },
  })}\n`;
}

function codeOfName(error: unknown): string {
  return error instanceof Error && isExpected(error) ? 'unreachable' : 'failed';
}

function isExpected(error: Error): boolean {
  return error.name === 'UnreachableError' || error.name === 'TimeoutError';
}

function hintOf(error: PosternError): string | undefined {
  switch (error.code) {
    case 'unauthorized':
      return 'check POSTERN_TOKEN, or the token file of the context';
    case 'version_conflict':
      return 'somebody else changed it meanwhile: read it again and repeat';
    case 'already_exists':
      return 'use `update` to change it';
    case 'unavailable':
      return error.retryAfterSeconds === undefined
        ? 'run it again in a moment'
        : `run it again in ${error.retryAfterSeconds} s`;
    default:
      return undefined;
  }
}
