import { readCliEnv } from './env.ts';
import { exitCodeOf } from './exit-codes.ts';
import { explainParseError } from './output/explain-parse-error.ts';
import { formatError, formatErrorJson } from './output/report-error.ts';

/** Writes a failure on standard error, for a person or as JSON, and gives the exit status that goes with it. */
export function reportFailure(
  error: unknown,
  options: { readonly json: boolean; readonly debug: boolean },
): number {
  const explained = explainParseError(error);
  const debug = options.debug || readCliEnv().debug;
  process.stderr.write(options.json ? formatErrorJson(explained) : formatError(explained, debug));
  return exitCodeOf(explained);
}
