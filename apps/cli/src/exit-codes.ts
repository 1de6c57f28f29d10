import { PosternError, PROBLEMS, type ProblemCode } from '@postern/contracts';
import { CliFailure, type FailureKind } from './cli-failure.ts';

/** What the program's exit status means; the same for every command and with --json. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  validation_failed: 3,
  unauthorized: 4,
  not_found: 5,
  conflict: 6,
  unreachable: 7,
  /** A `diff` that failed without a class of its own, since 1 says that something differs. */
  diff_failed: 8,
  /** 128 + SIGINT, as shells report it. */
  interrupted: 130,
} as const satisfies Record<FailureKind | 'ok', number>;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit status of a failure; anything unknown is 1. */
export function exitCodeOf(error: unknown): ExitCode {
  return EXIT[failureKindOf(error)];
}

/** What kind of failure an error is; anything unknown is `failed`. */
export function failureKindOf(error: unknown): FailureKind {
  if (error instanceof CliFailure) return error.kind;
  if (error instanceof PosternError) return kindOfProblem(error.code);
  if (error instanceof Error) {
    if (error.name === 'UnreachableError' || error.name === 'TimeoutError') return 'unreachable';
    // Ctrl-C in a question.
    if (error.name === 'ExitPromptError') return 'interrupted';
  }
  return 'failed';
}

function kindOfProblem(code: ProblemCode): FailureKind {
  switch (code) {
    case 'unavailable':
    case 'request_timeout':
      return 'unreachable';
    default:
      break;
  }
  switch (PROBLEMS[code].status) {
    case 400:
    case 413:
    case 422:
      return 'validation_failed';
    case 401:
    case 403:
      return 'unauthorized';
    case 404:
      return 'not_found';
    case 409:
      return 'conflict';
    default:
      return 'failed';
  }
}
