import type { Evaluation } from '@postern/admission';
import type { ClientSighting, HostDocument, PresentedChain } from '@postern/contracts';
import { Lru } from '../lru.ts';
import { describeClient } from './describe-client.ts';
import { LEDGER_LIMITS } from './ledger-limits.ts';
import { presentedChainOf } from './presented-chain.ts';

/** A client at a host, as it was just judged. */
export interface SightingInput {
  readonly document: Pick<HostDocument, 'project' | 'route' | 'host'>;
  readonly evaluation: Pick<Evaluation, 'verdict' | 'anchor'>;
  readonly leafDer: Buffer;
  /** SHA-256 of the leaf, hex. */
  readonly fingerprint: string;
  /** DER as presented, leaf first. */
  readonly chain: readonly Buffer[];
}

/** Chains remembered as sent. */
const CHAINS_REMEMBERED_MAX = 20_000;

/** The clients that one worker sees with a trusted certificate: one sighting per client, host and CA in a minute. */
export class SightingRecorder {
  readonly #now: () => number;
  #minute = 0;
  readonly #seen = new Map<string, ClientSighting['verdict']>();
  /** When the chain of a client was sent last, and its hash. */
  readonly #sent = new Lru<{ readonly at: number; readonly hash: string | null }>(CHAINS_REMEMBERED_MAX);
  #sightings: ClientSighting[] = [];
  #chains: PresentedChain[] = [];

  /** `now` gives milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get hasNews(): boolean {
    return this.#sightings.length > 0;
  }

  /** Notes a client; one whom no CA of the host vouches for is none. */
  see(input: SightingInput): void {
    const { document, evaluation, fingerprint } = input;
    const { anchor, verdict } = evaluation;
    if (anchor === null) return;
    const now = this.#now();
    const minute = Math.floor(now / LEDGER_LIMITS.foldMs);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#seen.clear();
    }
    const key = `${fingerprint} ${document.host} ${anchor.bundle} ${anchor.fingerprint}`;
    if (this.#seen.get(key) === verdict || this.#seen.size >= LEDGER_LIMITS.sightingsMax) return;
    const client = describeClient(input.leafDer);
    if (client === null) return;
    this.#seen.set(key, verdict);
    this.#sightings.push({
      project: document.project,
      route: document.route,
      host: document.host,
      fingerprint,
      ...client,
      bundle: anchor.bundle,
      anchor: anchor.fingerprint,
      chain: this.#chainOf(input, now),
      verdict,
      firstAt: now,
      lastAt: now,
    });
  }

  /** What has come since the last drain. */
  drain(): { sightings: ClientSighting[]; chains: PresentedChain[] } {
    const news = { sightings: this.#sightings, chains: this.#chains };
    this.#sightings = [];
    this.#chains = [];
    return news;
  }

  #chainOf({ fingerprint, chain }: SightingInput, now: number): string | null {
    const sent = this.#sent.get(fingerprint);
    if (sent !== undefined && now - sent.at < LEDGER_LIMITS.chainAgainMs) return sent.hash;
    const presented = presentedChainOf(chain, true);
    if (presented !== null) this.#chains.push(presented);
    this.#sent.set(fingerprint, { at: now, hash: presented?.hash ?? null });
    return presented?.hash ?? null;
  }
}
