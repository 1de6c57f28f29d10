import { hash } from 'node:crypto';
import { type AnchorSet, type PathResult, validatePath } from '@postern/admission';
import type { ClientIdentity } from '../connection.ts';
import { EDGE_LIMITS } from '../limits.ts';
import { Lru } from '../lru.ts';
import { identityOf } from './client-identity.ts';

/** What our own validation says of what a client sent; `client` is there when it admits. */
export interface JudgedPath {
  readonly result: PathResult;
  readonly client: ClientIdentity | null;
}

/** The part of a trust bundle that decides. */
export interface JudgingBundle {
  readonly contentHash: string;
  readonly anchors: AnchorSet;
}

/** Whoever judges paths for a handshake. */
export interface JudgesPaths {
  /** `chain` is DER, leaf first; at least one certificate. */
  judge(chain: readonly Buffer[], bundle: JudgingBundle): JudgedPath;
}

/**
 * Validates the paths of clients and remembers the answers, each for as long as it holds.
 *
 * An answer is found by everything it follows from: the certificates, in order, and the content of the bundle. So a changed CA needs no
 * clearing. Refusals are remembered apart: a flood of strangers drives no client out.
 */
export class PathJudge implements JudgesPaths {
  readonly #now: () => number;
  readonly #admitted = new Lru<JudgedPath>(EDGE_LIMITS.admittedPathsMax);
  readonly #refused = new Lru<JudgedPath>(EDGE_LIMITS.refusedPathsMax);

  /** `now` gives milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  judge(chain: readonly Buffer[], { contentHash, anchors }: JudgingBundle): JudgedPath {
    const now = this.#now();
    const key = `${contentHash} ${hash('sha256', Buffer.concat(chain), 'base64')}`;
    const known = this.#admitted.get(key) ?? this.#refused.get(key);
    if (known !== undefined && now < known.result.validUntil) return known;
    const result = validatePath({ chain, anchors, now, purpose: 'clientAuth' });
    const [leaf] = chain;
    const admits = result.verdict === 'admit' && leaf !== undefined;
    const judged = { result, client: admits ? identityOf(leaf, result) : null };
    // What was admitted and is no more, or the other way round, must not be found in its old place.
    this.#admitted.delete(key);
    (admits ? this.#admitted : this.#refused).set(key, judged);
    return judged;
  }
}
