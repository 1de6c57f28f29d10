import { PosternError, PROBLEMS, type ProblemCode } from '@postern/contracts';
import { CliFailure, type FailureKind } from './cli-failure.ts';

/** What the program's exit status means; the same for every command and with --json. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  validation: 3,
  authorization: 4,
  notFound: 5,
  conflict: 6,
  unreachable: 7,
  /** 128 + SIGINT, as shells report it. */
  interrupted: 130,
} as const satisfies Record<FailureKind | 'ok', number>;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit status of a failure; anything unknown is 1. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliFailure) return EXIT[error.kind];
  if (error instanceof PosternError) return exitCodeOfProblem(error.code);
  if (error instanceof Error) {
    if (error.name === 'UnreachableError' || error.name === 'TimeoutError') return EXIT.unreachable;
    // Ctrl-C in a question.
    if (error.name === 'ExitPromptError') return EXIT.interrupted;
  }
  return EXIT.failed;
}

function exitCodeOfProblem(code: ProblemCode): ExitCode {
  switch (code) {
    case 'unavailable':
    case 'request_timeout':
      return EXIT.unreachable;
    default:
      break;
  }
  switch (PROBLEMS[code].status) {
    case 400:
    case 413:
    case 422:
      return EXIT.validation;
    case 401:
    case 403:
      return EXIT.authorization;
    case 404:
      return EXIT.notFound;
    case 409:
      return EXIT.conflict;
    default:
      return EXIT.failed;
  }
}
