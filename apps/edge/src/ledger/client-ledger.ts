import type { ClientSighting, PresentedChain, RefusalReport } from '@postern/contracts';
import { Counter, type Registry } from '../metric-classes.ts';
import { LEDGER_LIMITS } from './ledger-limits.ts';
import { type RecordedRefusal, type RefusalInput, RefusalRecorder } from './refusal-recorder.ts';
import { type SightingInput, SightingRecorder } from './sighting-recorder.ts';

/** What a worker tells its supervisor; counts are those since the last time. */
export interface LedgerNews {
  readonly refusals: readonly RefusalReport[];
  readonly sightings: readonly ClientSighting[];
  readonly chains: readonly PresentedChain[];
  /** Refusals that found no room. */
  readonly dropped: number;
}

interface ClientLedgerOptions {
  /** The same for all workers of an edge. */
  readonly runKey: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly registry: Registry;
  /** Hears what is new, at most every LEDGER_LIMITS.workerFlushMs. */
  readonly onNews: (news: LedgerNews) => void;
}

/** Whom one worker refuses, and whom it sees; costs some microseconds for each and never waits for anybody. */
export class ClientLedger {
  readonly #refusals: RefusalRecorder;
  readonly #sightings: SightingRecorder;
  readonly #onNews: (news: LedgerNews) => void;
  readonly #refusalsCounted: Counter<'reason' | 'observed'>;
  readonly #sightingsCounted: Counter;
  #timer: NodeJS.Timeout | undefined;

  constructor({ runKey, now, registry, onNews }: ClientLedgerOptions) {
    this.#refusals = new RefusalRecorder(runKey, now);
    this.#sightings = new SightingRecorder(now);
    this.#onNews = onNews;
    const registers = [registry];
    this.#refusalsCounted = new Counter({
      name: 'postern_edge_refusals_total',
      help: 'Refused clients (observed: let in all the same) by reason, each handshake and request one',
      labelNames: ['reason', 'observed'],
      registers,
    });
    this.#sightingsCounted = new Counter({
      name: 'postern_edge_client_sightings_total',
      help: 'Clients seen with a trusted certificate, once a minute per client, host and worker',
      registers,
    });
  }

  /** Records a refusal and says which entry it is part of. */
  refuse(input: RefusalInput): RecordedRefusal {
    this.#refusalsCounted.inc({ reason: input.reason, observed: String(input.observed ?? false) });
    const recorded = this.#refusals.record(input);
    this.#schedule();
    return recorded;
  }

  /** Notes that a client is there. */
  see(input: SightingInput): void {
    this.#sightings.see(input);
    if (this.#sightings.hasNews) this.#schedule();
  }

  /** Tells what is new now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#refusals.hasNews && !this.#sightings.hasNews) return;
    const { refusals, chains, dropped } = this.#refusals.drain();
    const seen = this.#sightings.drain();
    this.#sightingsCounted.inc(seen.sightings.length);
    this.#onNews({ refusals, sightings: seen.sightings, chains: [...chains, ...seen.chains], dropped });
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.flush(), LEDGER_LIMITS.workerFlushMs);
    this.#timer.unref();
  }
}
