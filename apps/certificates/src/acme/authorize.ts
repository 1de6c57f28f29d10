import type { Hostname } from '@postern/contracts';
import type { Authorization, Client } from 'acme-client';
import { IssueFailure } from '../issue-failure.ts';
import type { ChallengeAnswer, ChallengeSolver } from '../solvers/challenge-solver.ts';
import type { AcmeCa } from './acme-ca.ts';
import type { CallResult } from './acme-calls.ts';
import { checkAuthorization, nameOfAuthorization } from './check-answer.ts';
import { challengeFailure } from './failure-of.ts';
import { poll } from './poll.ts';

/** Milliseconds for which an answer is worth keeping; an order is given up or gone on with long before. */
const ANSWER_LIFE_MS = 600_000;

type Challenge = Authorization['challenges'][number];

export interface AuthorizeOptions {
  readonly ca: AcmeCa;
  /** What the certificate is for. */
  readonly names: readonly Hostname[];
  /** In the order in which they are tried. */
  readonly solvers: readonly ChallengeSolver[];
  /** The order was begun earlier, perhaps by a process that is no more: answers may have been left. */
  readonly isResumed: boolean;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Told of an answer that could not be taken away. */
  readonly onLeftOver: (error: unknown, answer: ChallengeAnswer) => void;
}

/** Proves control of one name of an order (RFC 8555 section 7.5). The answer is taken away again, whatever comes. */
export async function authorize(url: string, options: AuthorizeOptions): Promise<void> {
  const { ca, now, signal } = options;
  const look = (): Promise<CallResult<Authorization>> => fetchAuthorization(options, url);
  const { value: authorization } = await look();
  const name = nameOfAuthorization(authorization);
  if (authorization.status !== 'pending') {
    if (options.isResumed) await cleanUpAll(authorization, options);
    if (authorization.status === 'valid') return;
    throw refusalOf(ca, authorization, name);
  }
  const { solver, challenge } = choose(authorization, name, options);
  const answer = await answerOf(authorization, challenge, options);
  try {
    await solver.present(answer, signal);
    // One that is not pending any more has been told, before this process began.
    if (challenge.status === 'pending') await ca.call((client) => client.completeChallenge(challenge));
    const done = await poll(look, ({ status }) => status !== 'pending', {
      what: `${challenge.type} for ${name} at ${ca.host}`,
      now,
      signal,
    });
    if (done.status !== 'valid') throw refusalOf(ca, done, name);
  } finally {
    if (options.isResumed) await cleanUpAll(authorization, options);
    else await cleanUp(solver, answer, options);
  }
}

/** Takes away what any process may have answered for an authorization of an order that is given up. */
export async function abandon(url: string, options: AuthorizeOptions): Promise<void> {
  await cleanUpAll((await fetchAuthorization(options, url)).value, options);
}

async function fetchAuthorization(
  { ca, names }: AuthorizeOptions,
  url: string,
): Promise<CallResult<Authorization>> {
  const { value, retryAt } = await ca.call((client) => client.getAuthorizations(only(url)));
  const [authorization] = value;
  if (authorization === undefined) throw new Error(`acme-client gave no authorization for ${url}`);
  return { value: checkAuthorization(authorization, names), retryAt };
}

function choose(
  authorization: Authorization,
  name: string,
  { ca, solvers }: AuthorizeOptions,
): { solver: ChallengeSolver; challenge: Challenge } {
  for (const solver of solvers) {
    const challenge = authorization.challenges.find(({ type }) => type === (solver.type as string));
    if (challenge !== undefined) return { solver, challenge };
  }
  const offered = authorization.challenges.map(({ type }) => type).join(', ');
  const hint = name.startsWith('*.') ? '; wildcards need dns-01 (POSTERN_ACME_DNS_PROVIDER)' : '';
  throw new IssueFailure(
    'challenge_failed',
    `${ca.host} offers ${offered || 'no challenge'} for ${name}, and Postern answers ${solvers.map(({ type }) => type).join(', ')} here${hint}`,
  );
}

async function answerOf(
  authorization: Authorization,
  challenge: Challenge,
  { ca, now }: AuthorizeOptions,
): Promise<ChallengeAnswer> {
  const { token } = challenge;
  // As http-01 has it: what the record of dns-01 holds is made of this by its solver.
  const asHttp: Challenge = { ...challenge, type: 'http-01' };
  const { value: keyAuthorization } = await ca.call((client: Client) =>
    client.getChallengeKeyAuthorization(asHttp),
  );
  return {
    host: authorization.identifier.value as Hostname,
    token,
    keyAuthorization,
    expiresAt: now() + ANSWER_LIFE_MS,
  };
}

/** Takes every answer away that any process may have given for this authorization. */
async function cleanUpAll(authorization: Authorization, options: AuthorizeOptions): Promise<void> {
  for (const solver of options.solvers) {
    const challenge = authorization.challenges.find(({ type }) => type === (solver.type as string));
    if (challenge !== undefined)
      await cleanUp(solver, await answerOf(authorization, challenge, options), options);
  }
}

async function cleanUp(
  solver: ChallengeSolver,
  answer: ChallengeAnswer,
  { onLeftOver }: AuthorizeOptions,
): Promise<void> {
  try {
    await solver.cleanUp(answer);
  } catch (error) {
    onLeftOver(error, answer);
  }
}

function refusalOf(ca: AcmeCa, authorization: Authorization, name: string): IssueFailure {
  const failed = authorization.challenges.find(({ error }) => error !== undefined);
  if (failed !== undefined) return challengeFailure(ca.host, failed, name);
  return new IssueFailure('challenge_failed', `${ca.host} says ${name} is ${authorization.status}`);
}

/** acme-client fetches the authorizations of an order; this is one with only this. */
function only(url: string): Parameters<Client['getAuthorizations']>[0] {
  return { url: '', status: 'pending', identifiers: [], authorizations: [url], finalize: '' };
}
