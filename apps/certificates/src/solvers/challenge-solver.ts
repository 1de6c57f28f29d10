import type { Hostname } from '@postern/contracts';

export const CHALLENGE_TYPES = ['tls-alpn-01', 'http-01', 'dns-01'] as const;
export type ChallengeType = (typeof CHALLENGE_TYPES)[number];

/** One challenge of a CA, and what answers it (RFC 8555 section 8.1). */
export interface ChallengeAnswer {
  /** The name that is proved; of a wildcard the name below `*.`. */
  readonly host: Hostname;
  readonly token: string;
  readonly keyAuthorization: string;
  /** Milliseconds since 1970 at which the answer is of no use any more. */
  readonly expiresAt: number;
}

/** Makes the answer to one type of challenge visible to a CA. */
export interface ChallengeSolver {
  readonly type: ChallengeType;
  /** Resolves once the CA can see it; to be called again with the same answer, which then stays. Fails with IssueFailure. */
  present(answer: ChallengeAnswer, signal: AbortSignal): Promise<void>;
  /** Takes the answer away; also one that is not there, or was given by a process that is no more. */
  cleanUp(answer: ChallengeAnswer): Promise<void>;
}
