import type { Finding } from '@postern/contracts';

/** What went wrong, as far as the exit status tells (see EXIT); with --json the code of a failure the API did not name. */
export type FailureKind =
  | 'failed'
  | 'usage'
  | 'validation_failed'
  | 'unauthorized'
  | 'not_found'
  | 'conflict'
  | 'unreachable'
  | 'interrupted'
  | 'diff_failed';

interface FailureOptions {
  /** What to try. */
  readonly hint?: string | undefined;
  /** Whole lines with positions, printed before the message. */
  readonly report?: string;
  readonly findings?: readonly Finding[];
  readonly cause?: unknown;
}

/** A failure found on this side of the API: the command line, a file, the local configuration. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly kind: FailureKind;
  readonly hint: string | undefined;
  readonly report: string | undefined;
  readonly findings: readonly Finding[];

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.hint = options.hint;
    this.report = options.report;
    this.findings = options.findings ?? [];
  }
}

/** A command line that cannot be meant; exit status 2. */
export function usageFailure(message: string, hint?: string): CliFailure {
  return new CliFailure('usage', message, { hint });
}
