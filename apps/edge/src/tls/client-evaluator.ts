import { hash } from 'node:crypto';
import {
  type ClientPath,
  type ClientPolicy,
  type Evaluation,
  evaluateClient,
  evaluateForHost,
  evaluateForRule,
  type FindClientPath,
  findClientPath,
  type HostPolicy,
  type PresentedClient,
} from '@postern/admission';
import type { CompiledRule } from '@postern/contracts';
import { EDGE_LIMITS } from '../limits.ts';
import { Lru } from '../lru.ts';

/**
 * Evaluates clients, and remembers their paths, each for as long as it holds.
 *
 * A path is found by everything it follows from: the certificates, in order, and the content of the bundle. So a changed CA needs no
 * clearing; revocations and matchers are asked anew each time. Refusals are remembered apart: a flood of strangers drives no client out.
 */
export class ClientEvaluator {
  readonly #now: () => number;
  readonly #admitted = new Lru<ClientPath>(EDGE_LIMITS.admittedPathsMax);
  readonly #refused = new Lru<ClientPath>(EDGE_LIMITS.refusedPathsMax);

  /** `now` gives milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Says all there is to say about a client under a policy, as it stands now. */
  evaluate(client: PresentedClient, policy: ClientPolicy): Evaluation {
    return evaluateClient(client, policy, this.#now(), this.#find);
  }

  /** What a connection of the client is worth to the host and its rules, as it stands now. */
  evaluateForHost(client: PresentedClient, policy: HostPolicy): Evaluation {
    return evaluateForHost(client, policy, this.#now(), this.#find);
  }

  /** What holds for the client where a rule applies, or none; null: nothing is demanded there. */
  evaluateForRule(
    client: PresentedClient,
    policy: HostPolicy,
    rule: Pick<CompiledRule, 'clientCertificate'> | null,
  ): Evaluation | null {
    return evaluateForRule(client, policy, rule, this.#now(), this.#find);
  }

  readonly #find: FindClientPath = (chain, bundle, now) => {
    const key = `${bundle.contentHash} ${hash('sha256', Buffer.concat(chain), 'base64')}`;
    const known = this.#admitted.get(key) ?? this.#refused.get(key);
    if (known !== undefined && now < known.result.validUntil) return known;
    const path = findClientPath(chain, bundle, now);
    // What was admitted and is no more, or the other way round, must not be found in its old place.
    this.#admitted.delete(key);
    (path.result.verdict === 'admit' ? this.#admitted : this.#refused).set(key, path);
    return path;
  };
}
