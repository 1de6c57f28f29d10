import { readCliEnv } from './env.ts';
import { exitCodeOf } from './exit-codes.ts';
import { explainParseError } from './output/explain-parse-error.ts';
import type { FailedCall } from './output/hint-of.ts';
import { formatError, formatErrorJson } from './output/report-error.ts';

/** Writes a failure on standard error, for a person or as JSON, and gives the exit status that goes with it. */
export function reportFailure(
  error: unknown,
  options: { readonly json: boolean; readonly debug: boolean; readonly call: FailedCall | undefined },
): number {
  const { call } = options;
  const explained = explainParseError(error, call?.id.replaceAll(':', ' '));
  const debug = options.debug || readCliEnv().debug;
  process.stderr.write(
    options.json ? formatErrorJson(explained, call) : formatError(explained, { debug, call }),
  );
  return exitCodeOf(explained);
}
