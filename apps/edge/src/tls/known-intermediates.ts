import { readCertificateFields } from '@postern/pki/plain';
import { EDGE_LIMITS } from '../limits.ts';
import { Lru } from '../lru.ts';
import { derHash } from './der-hash.ts';

/** The certificates above one admitted leaf, as workers tell each other of them: base64 of DER, nearest first. */
export interface SharedIntermediates {
  readonly policyVersion: string;
  /** SHA-256 of the leaf, base64. */
  readonly leaf: string;
  readonly chain: readonly string[];
}

/** What is known of the certificates above leaves under one policy. */
export interface IntermediatesOfPolicy {
  /** What stood above this very leaf, nearest first; empty where nothing is known or needed. */
  find(leafDer: Buffer): readonly Buffer[];
  /** What stood above other leaves of the same issuers. */
  above(leafDer: Buffer): readonly Buffer[];
  /**
   * True where what this client sent may be read: once for a leaf that leads nowhere, and so often in a worker's life, more often for
   * those whom OpenSSL admits (`isGood`) than to explain to others why it does not.
   */
  mayRead(leafDer: Buffer, isGood: boolean): boolean;
}

/**
 * The intermediates of admitted clients. With them a resumed connection, which shows only the leaf, is validated as at its first
 * handshake, and a fresh one without reading what it sent, which Node keeps in memory for ever (nodejs/node #65579).
 *
 * Kept apart by policy, so that none serves in another trust domain. What is not here (any more) costs a full handshake or a reading.
 */
export class KnownIntermediates {
  /** By leaf. */
  readonly #chains = new Lru<readonly Buffer[]>(EDGE_LIMITS.admittedPathsMax);
  /** By subject. */
  readonly #authorities = new Lru<readonly Buffer[]>(EDGE_LIMITS.admittedPathsMax);
  /** Leaves whose certificates were read and led nowhere, as far as nothing says otherwise. */
  readonly #read = new Lru<true>(EDGE_LIMITS.refusedPathsMax);
  readonly #onNew: (shared: SharedIntermediates) => void;
  readonly #readings = { good: 0, refused: 0 };

  /** `onNew` is called once for what this worker has seen first. */
  constructor(onNew: (shared: SharedIntermediates) => void) {
    this.#onNew = onNew;
  }

  of(policyVersion: string): IntermediatesOfPolicy {
    return new OfPolicy(this, policyVersion);
  }

  /** See IntermediatesOfPolicy. */
  find(policyVersion: string, leafDer: Buffer): readonly Buffer[] {
    return this.#chains.get(`${policyVersion} ${derHash(leafDer)}`) ?? NONE;
  }

  /** Keeps what stood above an admitted leaf; nothing where nothing did, or where it is too large to keep. */
  remember(policyVersion: string, leafDer: Buffer, chain: readonly Buffer[]): void {
    if (chain.length === 0) return;
    const bytes = chain.reduce((sum, { length }) => sum + length, 0);
    if (bytes > EDGE_LIMITS.keptIntermediatesBytesMax) return;
    const leaf = derHash(leafDer);
    const known = this.#chains.get(`${policyVersion} ${leaf}`);
    if (known?.length === chain.length && known.every((der, index) => der.equals(chain[index] ?? der)))
      return;
    this.#keep(policyVersion, leaf, chain);
    this.#onNew({ policyVersion, leaf, chain: chain.map((der) => der.toString('base64')) });
  }

  /** Takes what another worker has seen. */
  take({ policyVersion, leaf, chain }: SharedIntermediates): void {
    this.#keep(
      policyVersion,
      leaf,
      chain.map((text) => Buffer.from(text, 'base64')),
    );
  }

  #keep(policyVersion: string, leaf: string, chain: readonly Buffer[]): void {
    this.#chains.set(`${policyVersion} ${leaf}`, chain);
    for (const der of chain) {
      const key = `${policyVersion} ${readCertificateFields(der).subject.key}`;
      const others = (this.#authorities.get(key) ?? []).filter((other) => !other.equals(der));
      this.#authorities.set(key, [der, ...others].slice(0, SAME_NAME_MAX));
    }
  }

  /** See IntermediatesOfPolicy. */
  above(policyVersion: string, leafDer: Buffer): readonly Buffer[] {
    const found: Buffer[] = [];
    let below = [leafDer];
    for (let level = 0; level < LEVELS_MAX && below.length > 0; level += 1) {
      const issuers = new Set(below.flatMap((der) => issuerKeyOf(der) ?? []));
      below = [...issuers]
        .flatMap((issuer) => this.#authorities.get(`${policyVersion} ${issuer}`) ?? [])
        .filter((der) => !found.some((other) => other.equals(der)));
      found.push(...below);
    }
    return found;
  }

  /** See IntermediatesOfPolicy. */
  mayRead(policyVersion: string, leafDer: Buffer, isGood: boolean): boolean {
    const key = `${policyVersion} ${derHash(leafDer)}`;
    const kind = isGood ? 'good' : 'refused';
    if (this.#readings[kind] >= READINGS_MAX[kind] || this.#read.get(key) !== undefined) return false;
    this.#readings[kind] += 1;
    this.#read.set(key, true);
    return true;
  }
}

class OfPolicy implements IntermediatesOfPolicy {
  readonly #known: KnownIntermediates;
  readonly #policyVersion: string;

  constructor(known: KnownIntermediates, policyVersion: string) {
    this.#known = known;
    this.#policyVersion = policyVersion;
  }

  find(leafDer: Buffer): readonly Buffer[] {
    return this.#known.find(this.#policyVersion, leafDer);
  }

  above(leafDer: Buffer): readonly Buffer[] {
    return this.#known.above(this.#policyVersion, leafDer);
  }

  mayRead(leafDer: Buffer, isGood: boolean): boolean {
    return this.#known.mayRead(this.#policyVersion, leafDer, isGood);
  }
}

const NONE: readonly Buffer[] = [];
const READINGS_MAX = {
  good: EDGE_LIMITS.sentChainReadingsMax,
  refused: EDGE_LIMITS.refusedChainReadingsMax,
};
/** Certificates kept of one subject: those of a CA whose key or issuer has changed. */
const SAME_NAME_MAX = 4;
const LEVELS_MAX = 8;

function issuerKeyOf(der: Buffer): string | null {
  try {
    return readCertificateFields(der).issuer.key;
  } catch {
    return null;
  }
}
