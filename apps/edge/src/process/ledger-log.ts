import { randomBytes, randomUUID } from 'node:crypto';
import {
  type ClientSighting,
  type LedgerReport,
  LIMITS,
  type PresentedChain,
  type RefusalReport,
} from '@postern/contracts/plain';
import type { LedgerNews } from '../ledger/client-ledger.ts';
import { LEDGER_LIMITS } from '../ledger/ledger-limits.ts';

type Draft = Omit<LedgerReport, 'edge'>;

/**
 * What the workers of an edge tell of clients, added up, until the API has it. One run of the edge.
 *
 * Counts only grow and are told whole, so a report that is repeated changes nothing. What finds no room while the API is away is counted,
 * and told later.
 */
export class LedgerLog {
  readonly run = randomUUID();
  /** Ids of refusals follow from it, for all workers. */
  readonly runKey = randomBytes(16).toString('hex');
  readonly #now: () => number;
  readonly #refusals = new Map<string, RefusalReport>();
  /** Ids that the API does not have as they are now, the longest waiting first. */
  readonly #waiting = new Set<string>();
  readonly #sightings = new Map<string, ClientSighting>();
  readonly #chains = new Map<string, PresentedChain>();
  #chainBytes = 0;
  /** What each of those who wait for sightings still lacks: when a client was seen last, by its key. */
  readonly #marks = new Set<Map<string, number>>();
  #sightingsLost = false;
  #dropped = 0;
  #droppedTold = 0;
  #sweptAt = 0;

  /** `now` gives milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  take(news: LedgerNews): void {
    this.#dropped += news.dropped;
    for (const refusal of news.refusals) this.#takeRefusal(refusal);
    for (const sighting of news.sightings) this.#takeSighting(sighting);
    for (const chain of news.chains) this.#takeChain(chain);
  }

  /** True while the API lacks something. */
  get hasNews(): boolean {
    return this.#waiting.size > 0 || this.#sightings.size > 0 || this.#dropped > this.#droppedTold;
  }

  /** Refusals that found no room in this run. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Entries and sightings that wait for the API. */
  get waiting(): number {
    return this.#waiting.size + this.#sightings.size;
  }

  /**
   * Marks the sightings that there are; `isDelivered` says whether the API has all of them. Never true in a run in which
   * a sighting found no room.
   */
  markSightings(): { readonly isDelivered: () => boolean; readonly end: () => void } {
    const mark = new Map([...this.#sightings].map(([key, { lastAt }]) => [key, lastAt]));
    this.#marks.add(mark);
    return {
      isDelivered: () => mark.size === 0 && !this.#sightingsLost,
      end: () => void this.#marks.delete(mark),
    };
  }

  /** The next part for a report. */
  next(): Draft {
    const refusals: RefusalReport[] = [];
    const sightings: ClientSighting[] = [];
    const chains = new Map<string, PresentedChain>();
    let bytes = 0;
    const addChain = (hash: string | null): boolean => {
      const chain = hash === null || chains.has(hash) ? undefined : this.#chains.get(hash);
      if (chain === undefined) return true;
      bytes += bytesOf(chain);
      if (bytes > LEDGER_LIMITS.reportChainBytesMax) return false;
      chains.set(chain.hash, chain);
      return true;
    };
    for (const id of this.#waiting) {
      const refusal = this.#refusals.get(id);
      if (refusals.length === LIMITS.reportedRefusalsMax) break;
      if (refusal === undefined) continue;
      if (!addChain(refusal.chain)) break;
      refusals.push(refusal);
    }
    for (const sighting of this.#sightings.values()) {
      if (sightings.length === LIMITS.reportedSightingsMax || !addChain(sighting.chain)) break;
      sightings.push(sighting);
    }
    return { run: this.run, refusals, sightings, chains: [...chains.values()], dropped: this.#dropped };
  }

  /** The API has this; what has changed since it was drafted still waits. */
  acknowledge(draft: Draft): void {
    this.#droppedTold = draft.dropped;
    for (const refusal of draft.refusals)
      if (this.#refusals.get(refusal.id) === refusal) this.#waiting.delete(refusal.id);
    for (const sighting of draft.sightings) {
      const key = keyOf(sighting);
      if (this.#sightings.get(key) === sighting) this.#sightings.delete(key);
      for (const mark of this.#marks) if (sighting.lastAt >= (mark.get(key) ?? 0)) mark.delete(key);
    }
    for (const chain of draft.chains) if (this.#chains.delete(chain.hash)) this.#chainBytes -= bytesOf(chain);
    this.#sweep();
  }

  /** The API will never take this: its refusals are counted as dropped. */
  discard(draft: Draft): void {
    if (draft.sightings.length > 0) this.#sightingsLost = true;
    this.acknowledge({ ...draft, dropped: this.#droppedTold });
    for (const { count } of draft.refusals) this.#dropped += count;
  }

  #takeRefusal(fresh: RefusalReport): void {
    const known = this.#refusals.get(fresh.id);
    if (known === undefined && this.#refusals.size >= LEDGER_LIMITS.waitingMax) {
      this.#sweptAt = 0;
      this.#sweep();
      if (this.#refusals.size >= LEDGER_LIMITS.waitingMax) {
        this.#dropped += fresh.count;
        return;
      }
    }
    this.#refusals.set(
      fresh.id,
      known === undefined
        ? fresh
        : {
            ...known,
            count: known.count + fresh.count,
            firstAt: Math.min(known.firstAt, fresh.firstAt),
            lastAt: Math.max(known.lastAt, fresh.lastAt),
          },
    );
    this.#waiting.add(fresh.id);
  }

  #takeSighting(fresh: ClientSighting): void {
    const key = keyOf(fresh);
    const known = this.#sightings.get(key);
    // A client that is still there is seen again.
    if (known === undefined && this.#sightings.size >= LEDGER_LIMITS.waitingMax) {
      this.#sightingsLost = true;
      return;
    }
    this.#sightings.set(key, known === undefined ? fresh : { ...fresh, firstAt: known.firstAt });
  }

  #takeChain(fresh: PresentedChain): void {
    const known = this.#chains.get(fresh.hash);
    if (known === undefined) {
      if (this.#chainBytes + bytesOf(fresh) > LEDGER_LIMITS.waitingChainBytesMax) return;
      this.#chainBytes += bytesOf(fresh);
    }
    this.#chains.set(fresh.hash, { ...fresh, trusted: fresh.trusted || known?.trusted === true });
  }

  /** Forgets entries that nothing is added to any more, once the API has them, and chains of nobody. */
  #sweep(): void {
    const now = this.#now();
    if (now - this.#sweptAt < LEDGER_LIMITS.foldMs) return;
    this.#sweptAt = now;
    for (const [id, { lastAt }] of this.#refusals)
      if (!this.#waiting.has(id) && now - lastAt > 2 * LEDGER_LIMITS.foldMs) this.#refusals.delete(id);
    if (this.hasNews) return;
    this.#chains.clear();
    this.#chainBytes = 0;
  }
}

function keyOf({ project, fingerprint, host, bundle, anchor }: ClientSighting): string {
  return `${project} ${fingerprint} ${host} ${bundle} ${anchor}`;
}

function bytesOf({ certificates }: PresentedChain): number {
  return certificates.reduce((sum, text) => sum + text.length, 0);
}
