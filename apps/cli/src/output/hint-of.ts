import { PosternError, type ProblemCode } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { COMMANDS } from '../command-list.ts';
import { failureKindOf } from '../exit-codes.ts';

/** The call that failed, as far as it is known: the command's id in the map and the words behind it. */
export interface FailedCall {
  readonly id: string;
  readonly rest: readonly string[];
}

/** What to try about a failure: a command that can be run where there is one. */
export function hintOf(error: unknown, call?: FailedCall): string | undefined {
  if (error instanceof CliFailure) {
    return error.hint ?? (error.cause instanceof PosternError ? hintOfProblem(error.cause, call) : undefined);
  }
  if (error instanceof PosternError) return hintOfProblem(error, call);
  return failureKindOf(error) === 'unreachable'
    ? 'see whether Postern runs there, or start one here with `postern up`'
    : undefined;
}

function hintOfProblem(error: PosternError, call: FailedCall | undefined): string | undefined {
  const fixed = HINTS[error.code];
  if (fixed !== undefined) return fixed;
  const noun = call?.id.split(':', 1)[0] ?? '';
  const name = call?.rest.find((word) => !word.startsWith('-')) ?? 'NAME';
  switch (error.code) {
    case 'not_found':
      return hintOfMissing(error.message, call?.id ?? '', noun);
    case 'version_conflict':
      return has(noun, 'get')
        ? `somebody else changed it meanwhile: look at \`postern ${noun} get ${name}\` and repeat`
        : 'somebody else changed it meanwhile: read it again and repeat';
    case 'already_exists':
      return has(noun, 'update') ? `\`postern ${noun} update ${name}\` changes it` : 'choose another name';
    case 'in_use':
      return noun === 'service' || noun === 'secret'
        ? `\`postern route list\` shows the routes; once none uses it: \`postern ${noun} delete ${name}\``
        : undefined;
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

/** Where to look for what is missing: what the message names, as a call may name other things than its own noun is about. */
function hintOfMissing(message: string, id: string, noun: string): string | undefined {
  const [, kind = noun] =
    /^there is no (?:tls-ca )?(project|revocation|route|secret|service) /.exec(message) ?? [];
  if (kind === 'project') return PROJECT_HINT;
  const list = kind === 'revocation' ? 'client:revocations' : `${kind}:list`;
  return Object.hasOwn(COMMANDS, list) && id !== list
    ? `\`postern ${list.replace(':', ' ')}\` shows what is there`
    : undefined;
}

const PROJECT_HINT = '`postern context show` says what names the project; --project names another';

const HINTS: Partial<Readonly<Record<ProblemCode, string>>> = {
  unauthorized: 'check POSTERN_TOKEN, or the token file of the context; --verbose says which context is used',
  forbidden: 'use a token that may do this; --verbose says which context is used',
  hostname_taken: '`postern route list` shows the hosts of this project; choose another --hostname',
};

function has(noun: string, verb: string): boolean {
  return Object.hasOwn(COMMANDS, `${noun}:${verb}`);
}
