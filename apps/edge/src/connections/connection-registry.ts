import { type HostDocument, type Hostname, wildcardOf } from '@postern/contracts/plain';
import type { Connection, HostTable, ServedHost } from '../connection.ts';
import { dependenciesOfDocument, dependency } from '../hosts/document-dependencies.ts';
import type { ChangedIds, EdgeHostTable } from '../hosts/host-table.ts';
import { EDGE_LIMITS } from '../limits.ts';
import { type Member, Roster } from '../roster.ts';
import { onFirstRequest } from './first-request.ts';
import { type EndReason, judgeStanding } from './judge-standing.ts';
import { renewUsedRules, usedUntil } from './used-rules.ts';
import { UsersIndex } from './users-index.ts';

interface Entry extends Member {
  readonly connection: Connection;
  readonly name: Name;
  readonly drain: () => void;
  /** Of its host when the connection was judged last. */
  document: HostDocument;
  /** Of the host when the connection was judged last. */
  policyVersion: string;
  /** Milliseconds since 1970: until then the client is admitted as it was judged last; Infinity without a client. */
  validUntil: number;
  ending: boolean;
}

/** The open connections of one name; those that were, for as long as it takes to look. */
interface Name {
  readonly sni: Hostname;
  readonly entries: Roster<Entry>;
  /** The newest of its host; connections of an older one are about to be judged anew. */
  document: HostDocument | null;
  /** Every feed document that it and the name follow from: a change of one concerns the connections. */
  parts: readonly string[];
  /** Lets what was made for the name go. */
  release: () => void;
}

interface RegistryOptions {
  readonly hosts: Pick<HostTable, 'get'> & Pick<EdgeHostTable, 'hold'>;
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
  readonly #names = new Map<Hostname, Name>();
  readonly #byPart = new UsersIndex<Name>();
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
    const name = this.#nameOf(connection.sni);
    const entry = { connection, name, drain, document, policyVersion, validUntil, ending: false, place: -1 };
    name.entries.add(entry);
    this.#follow(name, document);
    // The name stays until the next look: its connections may come one at a time, and what is noted of it costs each of them more than all else here.
    connection.socket.on('close', () => name.entries.delete(entry));
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
    else {
      const concerned = this.#byPart.of(ids.map(({ kind, id }) => dependency(kind, id)));
      const entries = [...concerned].flatMap((name) => [...name.entries]);
      this.#waiting = [...entries, ...this.#waiting.slice(this.#judged)];
    }
    this.#judged = 0;
    if (this.#slice === undefined) this.#recheckSlice();
  }

  /** Ends the connections whose client certificate's path has come to its end, and forgets the names that have none. */
  endExpired(): void {
    const now = this.#options.now();
    for (const name of this.#names.values()) if (name.entries.size === 0) this.#forget(name);
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
    for (const { entries } of this.#names.values()) yield* entries;
  }

  #nameOf(sni: Hostname): Name {
    const known = this.#names.get(sni);
    if (known !== undefined) return known;
    const name: Name = { sni, entries: new Roster(), document: null, parts: [], release: () => {} };
    this.#names.set(sni, name);
    return name;
  }

  /** A name follows from another document from now on. */
  #follow(name: Name, document: HostDocument): void {
    if (name.document === document) return;
    name.document = document;
    this.#byPart.remove(name, name.parts);
    name.parts = partsOf(name.sni, document);
    this.#byPart.add(name, name.parts);
    const release = this.#options.hosts.hold(name.sni);
    name.release();
    name.release = release;
  }

  #forget(name: Name): void {
    this.#names.delete(name.sni);
    this.#byPart.remove(name, name.parts);
    name.release();
  }

  #recheckSlice(): void {
    this.#slice = undefined;
    const until = performance.now() + EDGE_LIMITS.recheckSliceMs;
    while (this.#judged < this.#waiting.length) {
      const entry = this.#waiting[this.#judged];
      this.#judged += 1;
      if (entry !== undefined && entry.place >= 0 && !entry.ending && !entry.connection.socket.destroyed)
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
    this.#follow(entry.name, host.document);
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
    socket.on('close', () => clearTimeout(timer));
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

/** The exact host and its wildcard, whichever of them serves the name: one that comes takes the place of the other. */
function partsOf(sni: Hostname, document: HostDocument): string[] {
  const wildcard = wildcardOf(sni);
  const names = wildcard === undefined ? [sni] : [sni, wildcard];
  const known = PARTS.get(document) ?? dependenciesOfDocument(document);
  PARTS.set(document, known);
  return [...names.map((name) => dependency('host', name)), ...known];
}

/** Of documents: the connections of a name may be one at a time. */
const PARTS = new WeakMap<HostDocument, readonly string[]>();
