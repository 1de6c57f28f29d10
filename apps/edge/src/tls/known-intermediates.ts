import { hash } from 'node:crypto';
import { EDGE_LIMITS } from '../limits.ts';
import { Lru } from '../lru.ts';

/** The certificates above one admitted leaf, as workers tell each other of them: base64 of DER, nearest first. */
export interface SharedIntermediates {
  readonly key: string;
  readonly chain: readonly string[];
}

/**
 * The intermediates of admitted clients. A resumed connection shows only the leaf; with these it is validated as at its first handshake.
 *
 * Found by leaf and policy, so that none serves in another trust domain. What is not here (any more) costs a full handshake.
 */
export class KnownIntermediates {
  readonly #chains = new Lru<readonly Buffer[]>(EDGE_LIMITS.admittedPathsMax);
  readonly #onNew: (shared: SharedIntermediates) => void;

  /** `onNew` is called once for what this worker has seen first. */
  constructor(onNew: (shared: SharedIntermediates) => void) {
    this.#onNew = onNew;
  }

  /** Nearest first; empty where none are known or needed. */
  find(policyVersion: string, leafDer: Buffer): readonly Buffer[] {
    return this.#chains.get(keyOf(policyVersion, leafDer)) ?? [];
  }

  /** Keeps what stood above an admitted leaf; nothing where nothing did, or where it is too large to keep. */
  remember(policyVersion: string, leafDer: Buffer, chain: readonly Buffer[]): void {
    if (chain.length === 0) return;
    const bytes = chain.reduce((sum, { length }) => sum + length, 0);
    if (bytes > EDGE_LIMITS.keptIntermediatesBytesMax) return;
    const key = keyOf(policyVersion, leafDer);
    const known = this.#chains.get(key);
    if (known?.length === chain.length && known.every((der, index) => der.equals(chain[index] ?? der)))
      return;
    this.#chains.set(key, chain);
    this.#onNew({ key, chain: chain.map((der) => der.toString('base64')) });
  }

  /** Takes what another worker has seen. */
  take({ key, chain }: SharedIntermediates): void {
    this.#chains.set(
      key,
      chain.map((text) => Buffer.from(text, 'base64')),
    );
  }
}

function keyOf(policyVersion: string, leafDer: Buffer): string {
  return `${hash('sha256', leafDer, 'base64')} ${policyVersion}`;
}
