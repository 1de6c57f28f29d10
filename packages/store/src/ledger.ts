import type {
  ClientSighting,
  LedgerReport,
  RefusalPhase,
  RefusalReport,
  ResourceName,
} from '@postern/contracts';

/** A recorded refusal. `seq` is the place of its latest news among all; times are milliseconds since 1970. */
export interface RefusalRecord extends Omit<RefusalReport, 'chain' | 'phase' | 'observedMatch'> {
  readonly seq: number;
  readonly edge: string;
  readonly chainHash: string | null;
  readonly phase: RefusalPhase | null;
  readonly observedMatch: string | null;
}

/** Which refusals are wanted; all that is said must hold. */
export interface RefusalFilter {
  /** The route's host, or the name the client asked for. */
  readonly host?: string | undefined;
  readonly route?: string | undefined;
  readonly reason?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly observed?: boolean | undefined;
  /** True: those whom an observed matcher would admit; false: the others. */
  readonly observedMatch?: boolean | undefined;
  /** Milliseconds since 1970: those whose last refusal came then or later. */
  readonly since?: number | undefined;
}

export interface RefusalQuery extends RefusalFilter {
  readonly limit: number;
  /** Those whose `seq` is below it. */
  readonly before?: number | undefined;
}

/** A page, the latest news first. It may hold fewer than wanted, even none, while `next` (the `before` to go on with) is not null. */
export interface RefusalPage {
  readonly items: readonly RefusalRecord[];
  readonly next: number | null;
}

/** Where a client was seen; `ca` is the name of the secret that the bundle is made of, null when that is gone. */
export interface ClientHostRecord
  extends Pick<ClientSighting, 'host' | 'route' | 'bundle' | 'anchor' | 'verdict' | 'firstAt' | 'lastAt'> {
  readonly ca: string | null;
}

/** A client of the inventory. */
export interface ClientRecord
  extends Pick<
    ClientSighting,
    'project' | 'fingerprint' | 'subject' | 'issuer' | 'serial' | 'notAfter' | 'firstAt' | 'lastAt'
  > {
  readonly chainHash: string | null;
  /** Latest first, at most LIMITS.clientHostsMax. */
  readonly hosts: readonly ClientHostRecord[];
}

/** Which clients are wanted, in the order of their fingerprints; all that is said must hold. */
export interface ClientQuery {
  readonly limit: number;
  /** Those after this fingerprint. */
  readonly after?: string | undefined;
  readonly host?: string | undefined;
  readonly route?: string | undefined;
  /** Name of a `tls-ca` secret. */
  readonly ca?: string | undefined;
  /** Milliseconds since 1970: certificates that end before. */
  readonly expiresBefore?: number | undefined;
  /** Milliseconds since 1970: those seen then or later. */
  readonly since?: number | undefined;
}

export interface ClientPage {
  readonly items: readonly ClientRecord[];
  /** The fingerprint to go on after; null at the end. A page may be empty while it is not null. */
  readonly next: string | null;
}

/** What edges tell of clients: whom they refused, and whom they saw. Part of the Store. */
export interface LedgerStore {
  /** Takes a report; one that comes again changes nothing. Times that lie ahead of this clock are moved to it. */
  takeLedger(report: LedgerReport): Promise<void>;
  /** Deletes a slice of what is too old or too much; true when there is more to delete. */
  purgeLedger(): Promise<boolean>;
  /** Calls back after this process has taken a report; returns the way to stop. */
  onLedger(listener: () => void): () => void;

  listRefusals(project: ResourceName, query: RefusalQuery): Promise<RefusalPage>;
  /**
   * Refusals with news after `seq`, oldest first; `seq` is where to go on. It may stop early: ask again while it grows.
   * Null gives none, and where the ledger ends now.
   */
  refusalsAfter(
    project: ResourceName,
    seq: number | null,
    filter: RefusalFilter,
  ): Promise<{ readonly items: readonly RefusalRecord[]; readonly seq: number }>;
  /** Fails with `not_found`. */
  getRefusal(project: ResourceName, id: string): Promise<RefusalRecord>;
  /** Refusals that edges could not record, counted by runs of edges that dropped some since then. */
  countDroppedRefusals(since: number): Promise<number>;
  /** What was presented, base64 of DER, leaf first; null when it is not kept. */
  getPresentedChain(hash: string): Promise<readonly string[] | null>;

  listClients(project: ResourceName, query: ClientQuery): Promise<ClientPage>;
  /** Fails with `not_found`. */
  getClient(project: ResourceName, fingerprint: string): Promise<ClientRecord>;
}
