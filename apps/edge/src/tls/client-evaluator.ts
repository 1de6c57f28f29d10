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
import { derHash } from './der-hash.ts';

/** Milliseconds: long enough for one connection, and for a client that makes one after the other. */
const ADMISSION_STANDS_MS = 1_000;
/** In one turn; some 4 KiB each. */
const ADMISSIONS_MAX = 1_000;

/** What a host said of a client last. */
interface Admission {
  readonly policy: HostPolicy;
  readonly evaluation: Evaluation;
  /** Milliseconds since 1970 between which it is not asked again. */
  readonly at: number;
  readonly until: number;
}

/**
 * Evaluates clients, and remembers their paths, each for as long as it holds.
 *
 * A path is found by everything it follows from: the certificates, in order, and the content of the bundle. So a changed CA needs no
 * clearing; revocations and matchers are asked anew each time. Refusals are remembered apart: a flood of strangers drives no client out.
 *
 * What a host as a whole admits stands for a moment, at most ADMISSION_STANDS_MS, since one connection asks four times. It is of
 * this very policy, which a host is given anew with every change of what it is made of, revocations too; and never beyond its end.
 */
export class ClientEvaluator {
  readonly #now: () => number;
  readonly #admitted = new Lru<ClientPath>(EDGE_LIMITS.admittedPathsMax);
  readonly #refused = new Lru<ClientPath>(EDGE_LIMITS.refusedPathsMax);
  /** By chain: those of this turn, and of the one before. */
  #admissions = new Map<string, Admission>();
  #formerAdmissions: ReadonlyMap<string, Admission> = new Map();
  /** Milliseconds since 1970. */
  #turnAt = 0;

  /** `now` gives milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Says what there is to say about a client under a policy, as it stands now, but for the checks of its path: `explain` tells those. */
  evaluate(client: PresentedClient, policy: ClientPolicy): Evaluation {
    return evaluateClient(client, policy, this.#now(), this.#find);
  }

  /** What a connection of the client is worth to the host and its rules, as it stands now. */
  evaluateForHost(client: PresentedClient, policy: HostPolicy): Evaluation {
    const now = this.#now();
    if (!client.openssl.good) return evaluateForHost(client, policy, now, this.#find);
    const key = keyOf(client.chain);
    const last = this.#admissions.get(key) ?? this.#formerAdmissions.get(key);
    if (last?.policy === policy && last.at <= now && now < last.until) return last.evaluation;
    const evaluation = evaluateForHost(client, policy, now, this.#find);
    if (evaluation.verdict === 'admit') {
      const until = Math.min(now + ADMISSION_STANDS_MS, evaluation.validUntil);
      this.#keep(key, { policy, evaluation, at: now, until });
    }
    return evaluation;
  }

  /** What holds for the client where a rule applies, or none; null: nothing is demanded there. */
  evaluateForRule(
    client: PresentedClient,
    policy: HostPolicy,
    rule: Pick<CompiledRule, 'clientCertificate'> | null,
  ): Evaluation | null {
    return evaluateForRule(client, policy, rule, this.#now(), this.#find);
  }

  /** In two maps that take turns, so that what stands no longer goes, all at once: each holds what services are told of a client. */
  #keep(key: string, admission: Admission): void {
    const isOver = Math.abs(admission.at - this.#turnAt) >= ADMISSION_STANDS_MS;
    if (isOver || this.#admissions.size >= ADMISSIONS_MAX) {
      this.#formerAdmissions = this.#admissions;
      this.#admissions = new Map();
      this.#turnAt = admission.at;
    }
    this.#admissions.set(key, admission);
  }

  readonly #find: FindClientPath = (chain, bundle, now) => {
    const key = `${bundle.contentHash} ${keyOf(chain)}`;
    const known = this.#admitted.get(key) ?? this.#refused.get(key);
    if (known !== undefined && now < known.result.validUntil) return known;
    const path = withoutChecks(findClientPath(chain, bundle, now));
    // What was admitted and is no more, or the other way round, must not be found in its old place.
    this.#admitted.delete(key);
    if (path.result.verdict === 'admit') this.#admitted.set(key, path);
    else if (bytesOf(chain) <= EDGE_LIMITS.refusedPathBytesMax) this.#refused.set(key, path);
    return path;
  };
}

/** Nobody asks an edge for the checks, and they are half of what a path takes. */
function withoutChecks(path: ClientPath): ClientPath {
  return { ...path, result: { ...path.result, checks: [] } };
}

function bytesOf(chain: readonly Buffer[]): number {
  return chain.reduce((sum, { length }) => sum + length, 0);
}

/** Says which certificates these are, in their order. */
function keyOf(chain: readonly Buffer[]): string {
  return chain.map(derHash).join(' ');
}
