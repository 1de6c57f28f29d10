import { hash } from 'node:crypto';
import {
  type HostDocument,
  LIMITS,
  type PresentedChain,
  type RefusalPhase,
  type RefusalReport,
} from '@postern/contracts/plain';
import { escapeControls } from '@postern/pki/plain';
import { cutText } from './cut-text.ts';
import { describeClient } from './describe-client.ts';
import { LEDGER_LIMITS } from './ledger-limits.ts';
import { presentedChainOf } from './presented-chain.ts';

/** What is to be recorded of one refusal. */
export interface RefusalInput {
  readonly document: Pick<HostDocument, 'project' | 'route' | 'host'>;
  /** Revision of the document that decided. */
  readonly revision: number;
  readonly sni: string;
  /** A word of REFUSAL_REASONS, or `misdirected_request`. */
  readonly reason: string;
  readonly detail: string;
  /** The rule that refused; null where the host as a whole did. */
  readonly rule: string | null;
  readonly clientAddress: string;
  /** SHA-256 of the leaf, hex; null without a certificate. */
  readonly fingerprint: string | null;
  /** DER as presented, leaf first. */
  readonly chain: readonly Buffer[];
  readonly tlsVersion: string | null;
  readonly phase?: RefusalPhase;
  /** The observed matcher that would admit the client. */
  readonly observedMatch?: string | undefined;
  /** True where the client is let in all the same. */
  readonly observed?: boolean;
}

/** Where a refusal stands in the ledger: its entry (null: there was no room), and its place among the refusals of that entry. */
export interface RecordedRefusal {
  readonly id: string | null;
  readonly nth: number;
  /** Milliseconds that an answer may well wait, so that a flood of refused requests leaves time for others; 0 for all but floods. */
  readonly delayMs: number;
}

interface Entry {
  readonly report: RefusalReport;
  count: number;
  /** Refusals since the last drain. */
  fresh: number;
  lastAt: number;
  /** When, at the pace of LEDGER_LIMITS, all its answers so far would be out. */
  pacedUntil: number;
}

/**
 * The refusals of one worker, folded: within a minute, those of one host and reason (and rule) by one certificate, or without one by
 * one address, are one entry. Where there are too many clients to keep apart, those of a host and reason are one entry,
 * and where there is no room for that either, they are counted as dropped.
 *
 * The id follows from the key of the edge's run and from what is folded: all workers of an edge give one entry the same id.
 */
export class RefusalRecorder {
  readonly #runKey: string;
  readonly #now: () => number;
  #minute = 0;
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Set<Entry>();
  #chains: PresentedChain[] = [];
  #second = 0;
  #newThisSecond = 0;
  #dropped = 0;

  /** `runKey` is the same for all workers of an edge; `now` gives milliseconds since 1970. */
  constructor(runKey: string, now: () => number) {
    this.#runKey = runKey;
    this.#now = now;
  }

  /** True when there is something to drain. */
  get hasNews(): boolean {
    return this.#dirty.size > 0 || this.#dropped > 0;
  }

  record(input: RefusalInput): RecordedRefusal {
    const now = this.#now();
    this.#turn(now);
    const { document, reason, rule, observed = false, phase = '', observedMatch = '' } = input;
    const kind = `${observed ? 'observed' : ''}\n${phase}\n${observedMatch}`;
    const common = `${document.host}\n${reason}\n${rule ?? ''}\n${kind}`;
    const key = `${common}\n${input.fingerprint ?? input.clientAddress}`;
    const entry =
      this.#entries.get(key) ??
      (this.#mayKeepApart(now) ? this.#add(key, input, now, false) : undefined) ??
      this.#entries.get(common) ??
      (this.#entries.size < LEDGER_LIMITS.entriesMax ? this.#add(common, input, now, true) : undefined);
    if (entry === undefined) {
      this.#dropped += 1;
      return { id: null, nth: this.#dropped, delayMs: 0 };
    }
    entry.count += 1;
    entry.fresh += 1;
    entry.lastAt = now;
    this.#dirty.add(entry);
    return { id: entry.report.id, nth: entry.count, delayMs: delayOf(entry, now) };
  }

  /** What has come since the last drain: the count of each entry is that of the new ones alone. */
  drain(): { refusals: RefusalReport[]; chains: PresentedChain[]; dropped: number } {
    const refusals = [...this.#dirty].map((entry) => {
      const report = { ...entry.report, count: entry.fresh, lastAt: entry.lastAt };
      entry.fresh = 0;
      return report;
    });
    const news = { refusals, chains: this.#chains, dropped: this.#dropped };
    this.#dirty.clear();
    this.#chains = [];
    this.#dropped = 0;
    return news;
  }

  /** Entries begin anew each minute; what is not drained yet stays in `#dirty`. */
  #turn(now: number): void {
    const minute = now - (now % LEDGER_LIMITS.foldMs);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#entries.clear();
  }

  #mayKeepApart(now: number): boolean {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#newThisSecond = 0;
    }
    if (this.#newThisSecond >= LEDGER_LIMITS.newEntriesPerSecond) return false;
    if (this.#entries.size >= LEDGER_LIMITS.entriesMax / 2) return false;
    this.#newThisSecond += 1;
    return true;
  }

  #add(key: string, input: RefusalInput, now: number, various: boolean): Entry {
    const { document, chain, fingerprint } = input;
    const [leaf] = chain;
    const client = various || leaf === undefined ? null : describeClient(leaf);
    const presented = various ? null : presentedChainOf(chain, false);
    if (presented !== null) this.#chains.push(presented);
    const report: RefusalReport = {
      id: this.#idOf(key),
      project: document.project,
      route: document.route,
      host: document.host,
      sni: input.sni,
      firstAt: now,
      lastAt: now,
      count: 1,
      reason: input.reason,
      detail: various ? 'more clients were refused than could be kept apart' : shownOf(input.detail),
      rule: input.rule?.slice(0, LIMITS.ledgerTextCharsMax) ?? null,
      clientAddress: various ? null : input.clientAddress,
      fingerprint: various ? null : fingerprint,
      subject: client?.subject ?? null,
      issuer: client?.issuer ?? null,
      serial: client?.serial ?? null,
      chain: presented?.hash ?? null,
      revision: input.revision,
      tlsVersion: various ? null : input.tlsVersion,
      observed: input.observed ?? false,
      various,
      ...(input.phase === undefined ? {} : { phase: input.phase }),
      ...(input.observedMatch === undefined ? {} : { observedMatch: shownOf(input.observedMatch) }),
    };
    const entry = { report, count: 0, fresh: 0, lastAt: now, pacedUntil: now };
    this.#entries.set(key, entry);
    return entry;
  }

  #idOf(key: string): string {
    const time = this.#minute.toString(36).padStart(9, '0');
    return `${time}-${hash('sha256', `${this.#runKey}\n${this.#minute}\n${key}`).slice(0, 16)}`;
  }
}

function shownOf(text: string): string {
  return cutText(escapeControls(text), LIMITS.ledgerTextCharsMax);
}

/** A leaky bucket: a burst is answered at once, what follows at a steady pace, and nobody waits for longer than the most. */
function delayOf(entry: Entry, now: number): number {
  const { answeredAtOnce, answerEveryMs, answerWithinMs } = LEDGER_LIMITS;
  const burstMs = answeredAtOnce * answerEveryMs;
  const until = Math.max(entry.pacedUntil, now) + answerEveryMs;
  entry.pacedUntil = Math.min(until, now + burstMs + answerWithinMs);
  return Math.max(0, entry.pacedUntil - now - burstMs);
}
