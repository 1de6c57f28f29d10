import { clientBundlesOf, type HostDocument, type Hostname, wildcardOf } from '@postern/contracts';
import type { Connection, HostTable, ServedHost } from '../connection.ts';
import type { ChangedIds } from '../hosts/host-table.ts';
import { EDGE_LIMITS } from '../limits.ts';
import { onFirstRequest } from './first-request.ts';
import { type EndReason, judgeStanding } from './judge-standing.ts';
import { renewUsedRules, usedUntil } from './used-rules.ts';

interface Entry {
  readonly connection: Connection;
  readonly drain: () => void;
  /** The present document of its host; what it names tells which changes concern the connection. */
  document: HostDocument;
  /** Of the host when the connection was judged last. */
  policyVersion: string;
  /** Milliseconds since 1970: until then the client is admitted as it was judged last; Infinity without a client. */
  validUntil: number;
  ending: boolean;
}

interface RegistryOptions {
  readonly hosts: HostTable;
  /** Milliseconds between drain and end of a connection that may serve no longer. */
  readonly graceMs: number;
  /** Milliseconds that a connection without a request is left when all are drained. */
  readonly firstRequestMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Hears of each connection that is ended because its host refuses its client now. */
  readonly onRefused?: (connection: Connection, host: ServedHost, why: EndReason) => void;
}

/**
 * The open connections of a worker, by the name they were made for. Ends those whose host now demands or trusts something
 * else, no longer admits their client, or is gone, and those whose client certificate has expired.
 */
export class ConnectionRegistry {
  readonly #options: RegistryOptions;
  readonly #byName = new Map<Hostname, Set<Entry>>();
  #draining = false;
  /** Connections still to be judged anew, from the `#judged`th on. */
  #waiting: readonly Entry[] = [];
  #judged = 0;
  #slice: NodeJS.Immediate | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** Follows a connection until it closes. */
  add(
    connection: Connection,
    { document, policyVersion }: Pick<ServedHost, 'document' | 'policyVersion'>,
    drain: () => void,
  ): void {
    const validUntil = connection.client?.validUntil ?? Number.POSITIVE_INFINITY;
    const entry: Entry = { connection, drain, document, policyVersion, validUntil, ending: false };
    const { sni, socket } = connection;
    const entries = this.#byName.get(sni) ?? new Set();
    this.#byName.set(sni, entries);
    entries.add(entry);
    socket.once('close', () => {
      entries.delete(entry);
      if (entries.size === 0 && this.#byName.get(sni) === entries) this.#byName.delete(sni);
    });
    if (this.#draining) this.#drainAsked(entry);
  }

  /**
   * Judges anew every connection that a change can concern. The host table has forgotten the old documents before.
   *
   * At most EDGE_LIMITS.recheckSliceMs at once, the rest in later turns of the loop: after a full resync each host is made anew on the
   * way. What a single change concerns comes before what is left of a resync.
   */
  recheck(ids: ChangedIds): void {
    if (ids === 'all') this.#waiting = [...this.#entries()];
    else this.#waiting = [...this.#concernedBy(ids), ...this.#waiting.slice(this.#judged)];
    this.#judged = 0;
    if (this.#slice === undefined) this.#recheckSlice();
  }

  /** Ends the connections whose client certificate's path has come to its end. */
  endExpired(): void {
    const now = this.#options.now();
    for (const entry of this.#entries()) {
      if (entry.ending || Math.min(entry.validUntil, usedUntil(entry.connection)) > now) continue;
      // Another path may hold for longer than the one that has ended.
      this.#recheckEntry(entry);
      if (entry.validUntil <= now) this.#end(entry);
    }
  }

  /** Every connection that is open. */
  *connections(): Generator<Connection> {
    for (const { connection } of this.#entries()) yield connection;
  }

  /** Lets every connection finish what is under way, and those still to come too; who has yet to ask may ask once. */
  drainAll(): void {
    this.#draining = true;
    for (const entry of this.#entries()) this.#drainAsked(entry);
  }

  *#entries(): Generator<Entry> {
    for (const entries of this.#byName.values()) yield* entries;
  }

  #concernedBy(ids: Exclude<ChangedIds, 'all'>): Set<Entry> {
    const names = new Set<string>();
    const parts = new Set<string>();
    for (const { kind, id } of ids) (kind === 'host' ? names : parts).add(id);
    const concerned = new Set<Entry>();
    for (const name of names) {
      for (const entry of this.#byName.get(name as Hostname) ?? []) concerned.add(entry);
    }
    const wildcards = [...names].some((name) => name.startsWith('*.'));
    if (!wildcards && parts.size === 0) return concerned;
    for (const [sni, entries] of this.#byName) {
      const isBelow = wildcards && names.has(wildcardOf(sni) ?? '');
      for (const entry of entries) if (isBelow || usesAny(entry.document, parts)) concerned.add(entry);
    }
    return concerned;
  }

  #recheckSlice(): void {
    this.#slice = undefined;
    const until = performance.now() + EDGE_LIMITS.recheckSliceMs;
    while (this.#judged < this.#waiting.length) {
      const entry = this.#waiting[this.#judged];
      this.#judged += 1;
      if (entry !== undefined && !entry.ending && !entry.connection.socket.destroyed)
        this.#recheckEntry(entry);
      if (performance.now() >= until && this.#judged < this.#waiting.length) {
        this.#slice = setImmediate(() => this.#recheckSlice());
        return;
      }
    }
    this.#waiting = [];
    this.#judged = 0;
  }

  #recheckEntry(entry: Entry): void {
    const host = this.#options.hosts.get(entry.connection.sni);
    if (host === undefined) {
      this.#end(entry);
      return;
    }
    const standing = judgeStanding(entry, host);
    if (!standing.stands) {
      if (standing.refusal !== null && !entry.ending) {
        this.#options.onRefused?.(entry.connection, host, standing.refusal);
      }
      this.#end(entry);
      return;
    }
    entry.document = host.document;
    entry.policyVersion = host.policyVersion;
    entry.validUntil = standing.until;
    renewUsedRules(entry.connection, standing.until);
  }

  #end(entry: Entry): void {
    if (entry.ending) return;
    entry.ending = true;
    const { socket } = entry.connection;
    const timer = setTimeout(() => socket.destroy(), this.#options.graceMs);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
    this.#drain(entry);
  }

  /** Drains a connection from its first request on: ended before it, a client that has just come in would be answered with nothing. */
  #drainAsked(entry: Entry): void {
    const timer = setTimeout(() => this.#drain(entry), this.#options.firstRequestMs);
    timer.unref();
    onFirstRequest(entry.connection, () => {
      clearTimeout(timer);
      this.#drain(entry);
    });
  }

  /** A protocol that fails to drain loses its connection; it must not take others with it. */
  #drain(entry: Entry): void {
    try {
      entry.drain();
    } catch {
      entry.connection.socket.destroy();
    }
  }
}

function usesAny(document: HostDocument, parts: ReadonlySet<string>): boolean {
  const { crls = [] } = document.clientCertificate ?? {};
  // Revocations are told by the name of the project.
  const project = document.clientCertificate === null ? null : document.project;
  return [...clientBundlesOf(document), document.certificate, project, ...crls].some(
    (part) => part !== null && parts.has(part),
  );
}
