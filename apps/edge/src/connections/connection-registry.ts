import { type CompiledRule, type HostDocument, type Hostname, wildcardOf } from '@postern/contracts';
import { type Connection, type HostTable, isObserved, isRequested, type ServedHost } from '../connection.ts';
import type { ChangedIds } from '../hosts/host-table.ts';
import { EDGE_LIMITS } from '../limits.ts';
import { renewUsedRules, usedRulesOf, usedUntil } from './used-rules.ts';

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
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Hears of each connection that may go on no longer, and what its host is now; undefined: not served any more. */
  readonly onEnded?: (connection: Connection, host: ServedHost | undefined) => void;
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
      if (entry.ending || Math.min(entry.validUntil, usedUntil(entry.connection)) > now) continue;
      // Another path may hold for longer than the one that has ended.
      this.#recheckEntry(entry);
      if (entry.validUntil <= now) this.#end(entry, this.#options.hosts.get(entry.connection.sni));
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
    const validUntil = host === undefined ? null : standsUntil(entry, host);
    if (host === undefined || validUntil === null) {
      this.#end(entry, host);
      return;
    }
    entry.document = host.document;
    entry.policyVersion = host.policyVersion;
    entry.validUntil = validUntil;
    renewUsedRules(entry.connection, validUntil);
  }

  #end(entry: Entry, host: ServedHost | undefined): void {
    if (entry.ending) return;
    entry.ending = true;
    this.#options.onEnded?.(entry.connection, host);
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
function standsUntil({ connection, document, policyVersion }: Entry, host: ServedHost): number | null {
  const { client, presented } = connection;
  if (isObserved(host) || (client === null && host.document.clientCertificate === null))
    return Number.POSITIVE_INFINITY;
  let until = Number.POSITIVE_INFINITY;
  if (isRequested(host)) {
    // Whom nobody asked could not answer, and what other anchors say of a certificate only a handshake tells.
    if (presented === null || (client === null && policyVersion !== host.policyVersion)) return null;
  } else {
    if (client === null) return null;
    const { verdict, validUntil } = host.evaluate(client.presented);
    if (verdict !== 'admit') return null;
    until = validUntil;
  }
  // What a rule has let through may still be under way, as a WebSocket.
  for (const rule of rulesToAsk(connection, document, host.document)) {
    if (rule === null) return null;
    const evaluation = presented === null ? null : host.evaluateForRule(rule, presented);
    if (evaluation === null) continue;
    const { verdict, names, validUntil } = evaluation;
    if (verdict !== 'admit' || names === null) return null;
    if (host.judgeRule(rule, { names, validUntil }).verdict === 'refuse') return null;
    until = Math.min(until, validUntil);
  }
  return until;
}

/**
 * The rules whose demands what a connection has begun must fulfil: those it used, and new ones that demand something for a part of the same
 * paths. Null stands for a demand that nothing takes the place of.
 */
function* rulesToAsk(
  connection: Connection,
  before: HostDocument,
  { rules }: HostDocument,
): Generator<Pick<CompiledRule, 'prefix' | 'clientCertificate'> | null> {
  const added = rules.filter(
    ({ prefix, clientCertificate }) =>
      clientCertificate !== undefined && !before.rules.some((rule) => rule.prefix === prefix),
  );
  for (const [prefix, { demanded }] of usedRulesOf(connection)) {
    const present = rules.find((rule) => rule.prefix === prefix);
    if (present === undefined && demanded) yield null;
    // Where the rule is gone, what holds without one does.
    yield present ?? { prefix };
    yield* added.filter((rule) => rule.prefix.startsWith(prefix));
  }
}

function usesAny(document: HostDocument, parts: ReadonlySet<string>): boolean {
  const { trustBundle, nextTrustBundle, crls = [] } = document.clientCertificate ?? {};
  const ofRules = document.rules.map(({ clientCertificate }) => clientCertificate?.trustBundle);
  // Revocations are told by the name of the project.
  const project = document.clientCertificate === null ? null : document.project;
  return [trustBundle, nextTrustBundle, ...ofRules, document.certificate, project, ...crls].some(
    (part) => part !== undefined && part !== null && parts.has(part),
  );
}
