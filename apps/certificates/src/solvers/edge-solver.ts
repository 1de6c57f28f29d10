import { setTimeout as sleep } from 'node:timers/promises';
import { type Challenge, challengeId, type Revision } from '@postern/contracts';
import type { Store } from '@postern/store';
import type { ChallengeAnswer, ChallengeSolver } from './challenge-solver.ts';

/** Milliseconds for which connected edges are waited for; one that hangs must not stop every certificate. */
const EDGES_MS_MAX = 10_000;
const LOOK_EVERY_MS = 50;

/** Answers through the feed: every edge has the challenge, and has said so, before the CA is told to look. */
export function createEdgeSolver(store: Store, type: 'http-01' | 'tls-alpn-01'): ChallengeSolver {
  return {
    type,
    async present(answer, signal) {
      const { revision } = await store.putChallenge(challengeOf(type, answer));
      await waitForEdges(store, revision, signal);
    },
    cleanUp: (answer) => store.deleteChallenges([challengeId(challengeOf(type, answer))]),
  };
}

function challengeOf(
  type: 'http-01' | 'tls-alpn-01',
  { host, token, keyAuthorization, expiresAt }: ChallengeAnswer,
): Challenge {
  return type === 'http-01'
    ? { type, host, token, keyAuthorization, expiresAt }
    : { type, host, keyAuthorization, expiresAt };
}

async function waitForEdges(store: Store, revision: Revision, signal: AbortSignal): Promise<void> {
  const until = performance.now() + EDGES_MS_MAX;
  while ((await store.edgesBehind(revision)).length > 0 && performance.now() < until) {
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}
