import { type HostDocument, type Hostname, wildcardOf } from '@postern/contracts';
import { type Connection, type HostTable, isObserved, type ServedHost } from '../connection.ts';
import type { ChangedIds } from '../hosts/host-table.ts';
import { EDGE_LIMITS } from '../limits.ts';
import { usedRulesOf } from './used-rules.ts';

interface Entry {
  readonly connection: Connection;
  readonly drain: () => void;
  /** The present document of its host; what it names tells which changes concern the connection. */
  document: HostDocument;
  /** Milliseconds since 1970: until then the client is admitted as it was judged last; Infinity without a client. */
  validUntil: number;
  ending: boolean;
}

interface RegistryOptions {
  readonly hosts: HostTable;
  /** Milliseconds between drain and end of a connection that may serve no longer. */
  readonly graceMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
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
  add(connection: Connection, document: HostDocument, drain: () => void): void {
    const validUntil = connection.client?.validUntil ?? Number.POSITIVE_INFINITY;
    const entry: Entry = { connection, drain, document, validUntil, ending: false };
    const { sni, socket } = connection;
    const entries = this.#byName.get(sni) ?? new Set();
    this.#byName.set(sni, entries);
    entries.add(entry);
    socket.once('close', () => {
      entries.delete(entry);
      if (entries.size === 0 && this.#byName.get(sni) === entries) this.#byName.delete(sni);
    });
    if (this.#draining) this.#drain(entry);
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
      if (entry.validUntil > now || entry.ending) continue;
      // Another path may hold for longer than the one that has ended.
      this.#recheckEntry(entry);
      if (entry.validUntil <= now) this.#end(entry);
    }
  }

  /** Every connection that is open. */
  *connections(): Generator<Connection> {
    for (const { connection } of this.#entries()) yield connection;
  }

  /** Lets every connection finish what is under way, and those still to come too. */
  drainAll(): void {
    this.#draining = true;
    for (const entry of this.#entries()) this.#drain(entry);
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
    const validUntil = host === undefined ? null : standsUntil(entry.connection, host);
    if (host === undefined || validUntil === null) {
      this.#end(entry);
      return;
    }
    entry.document = host.document;
    entry.validUntil = validUntil;
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

  /** A protocol that fails to drain loses its connection; it must not take others with it. */
  #drain(entry: Entry): void {
    try {
      entry.drain();
    } catch {
      entry.connection.socket.destroy();
    }
  }
}

/**
 * Until when (milliseconds since 1970) a connection may go on under what its host demands now; null: it may not. A client
 * whom the host still admits keeps its connection, whatever became of other CAs.
 */
function standsUntil(connection: Connection, host: ServedHost): number | null {
  const { client } = connection;
  const isOpen = isObserved(host) || (client === null && host.document.clientCertificate === null);
  if (isOpen) return Number.POSITIVE_INFINITY;
  if (client === null) return null;
  const { verdict, validUntil, names } = host.evaluate(client.presented);
  if (verdict !== 'admit') return null;
  // What a rule has let through may still be under way, as a WebSocket.
  for (const [prefix, demanded] of usedRulesOf(connection)) {
    const isThere = host.document.rules.some((rule) => rule.prefix === prefix);
    if ((!isThere && demanded) || names === null) return null;
    if (host.judgeRule({ prefix }, { names, validUntil }).verdict === 'refuse') return null;
  }
  return validUntil;
}

function usesAny(document: HostDocument, parts: ReadonlySet<string>): boolean {
  const { trustBundle, nextTrustBundle, crls = [] } = document.clientCertificate ?? {};
  // Revocations are told by the name of the project.
  const project = document.clientCertificate === null ? null : document.project;
  return [trustBundle, nextTrustBundle, document.certificate, project, ...crls].some(
    (part) => part !== undefined && part !== null && parts.has(part),
  );
}
