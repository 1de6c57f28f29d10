import type { SecureContext } from 'node:tls';
import type { CheckedList, RevocationIndex } from '@postern/admission';
import {
  type ChangeKind,
  clientBundlesOf,
  type HostDocument,
  type Hostname,
  wildcardOf,
} from '@postern/contracts/plain';
import type { RevocationList } from '@postern/pki';
import type { HostTable } from '../connection.ts';
import { EDGE_LIMITS } from '../limits.ts';
import { kept, Lru } from '../lru.ts';
import { chooseLane } from '../tls/choose-lane.ts';
import type { ClientEvaluator } from '../tls/client-evaluator.ts';
import type { KnownIntermediates } from '../tls/known-intermediates.ts';
import type { SessionClient } from '../tls/read-session.ts';
import { buildSecureContext, type TlsVersion } from '../tls/secure-context.ts';
import { SessionKeys, type SessionLane } from '../tls/session-keys.ts';
import { anchorsOfHost } from './anchors-of-host.ts';
import { dependenciesOfDocument, dependency } from './document-dependencies.ts';
import { freeContext } from './free-context.ts';
import {
  type ClosedEntry,
  type ClosedHost,
  closedUntil,
  dependenciesOf,
  type HostEntry,
  holdsStill,
} from './host-entry.ts';
import {
  type CheckedBundle,
  type OpenedCertificate,
  openCertificate,
  type ReplicaReader,
  readCertificate,
  readHost,
  readList,
  readRevocations,
  readTrustBundle,
  UnusableDocument,
} from './read-documents.ts';
import { type EdgeHost, makeServedHost } from './served-host.ts';

/** Ids of feed documents that have changed, or everything after a full resync. */
export type ChangedIds = readonly { readonly kind: string; readonly id: string }[] | 'all';

export type HostLookup =
  | { readonly state: 'served'; readonly host: EdgeHost; readonly secureContext: SecureContext }
  | { readonly state: 'closed'; readonly reason: string; readonly message: string }
  | { readonly state: 'no_certificate' }
  | { readonly state: 'unknown' };

interface HostTableOptions {
  readonly replica: ReplicaReader;
  readonly edgeKeyPem: string;
  readonly minVersion: TlsVersion;
  readonly evaluator: ClientEvaluator;
  readonly intermediates: KnownIntermediates;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called once per revision of a host whose documents cannot be used. */
  readonly onUnusable: (host: string, error: UnusableDocument) => void;
  readonly servedHostsMax?: number;
  readonly secureContextsMax?: number;
}

/** Hosts read ahead after one change; the others are read when they are asked for. */
const PREPARED_MAX = 200;

/**
 * Hosts as the replica has them now. Compiled on first use and kept until a change of anything they are made of; a
 * document that cannot be used closes its host alone.
 */
export class EdgeHostTable implements HostTable {
  readonly #options: HostTableOptions;
  readonly #entries: Lru<HostEntry>;
  /** By id, those that connections are open to: how many, and what of it had to leave `#entries`. */
  readonly #held = new Map<string, { connections: number; entry: HostEntry | undefined }>();
  readonly #contexts: Lru<SecureContext>;
  readonly #sessionKeys: SessionKeys;
  /** By session domain; those that no longer hold are left out when they are used. */
  readonly #lanes: Lru<readonly SessionLane[]>;
  /** Kept by id, for hosts that share a CA, and for upstreams, which ask for them at every request. */
  readonly #bundles = new Lru<CheckedBundle>(EDGE_LIMITS.trustBundlesMax);
  /** Revocation lists by id. */
  readonly #lists = new Lru<CheckedList>(EDGE_LIMITS.trustBundlesMax);
  /** By project. */
  readonly #revocations = new Lru<{ readonly index: RevocationIndex | null }>(EDGE_LIMITS.trustBundlesMax);
  readonly #upstreamCertificates = new Lru<OpenedCertificate>(EDGE_LIMITS.trustBundlesMax);
  #changes = 0;
  /** Revision of the document for which a host was called unusable last. */
  readonly #told = new Lru<string>(EDGE_LIMITS.servedHostsMax);

  constructor(options: HostTableOptions) {
    this.#options = options;
    this.#entries = new Lru(options.servedHostsMax ?? EDGE_LIMITS.servedHostsMax, (id, entry) => {
      const held = this.#held.get(id);
      if (held !== undefined) held.entry = entry;
    });
    this.#contexts = new Lru(options.secureContextsMax ?? EDGE_LIMITS.secureContextsMax, (_, context) =>
      freeContext(context),
    );
    // As many as contexts: they take a fraction of what it takes to make one.
    this.#lanes = new Lru(options.secureContextsMax ?? EDGE_LIMITS.secureContextsMax);
    const onUnusable = (what: string, error: UnusableDocument) => this.#tell(what, -1, error);
    this.#sessionKeys = new SessionKeys({ ...options, onUnusable });
  }

  get changes(): number {
    return this.#changes;
  }

  get(name: Hostname): EdgeHost | undefined {
    const entry = this.#entryOf(name);
    return entry?.state === 'served' ? entry.host : undefined;
  }

  /** Keeps what is made for a name, however many other hosts are asked for, until the function given is called; for open connections. */
  hold(name: Hostname): () => void {
    const id = this.#knownEntry(name) === undefined ? (wildcardOf(name) ?? name) : name;
    const held = this.#held.get(id) ?? { connections: 0, entry: undefined };
    held.connections += 1;
    this.#held.set(id, held);
    return () => {
      held.connections -= 1;
      if (held.connections === 0) this.#held.delete(id);
    };
  }

  /**
   * Everything a handshake needs, or why there will be none; the handshake begins in the same turn of the loop, since a context may be freed
   * in the next. Of the `tickets` that a client offers only a session that the host would admit
   * now resumes; all others lead to a full handshake.
   */
  lookUp(name: Hostname, tickets: readonly Buffer[] = []): HostLookup {
    const entry = this.#entryOf(name);
    if (entry === undefined) return { state: 'unknown' };
    if (entry.state === 'no_certificate') return entry;
    if (entry.state === 'closed') return { state: 'closed', ...entry.closed };
    const { host } = entry;
    const made = this.#closing(host.id, host.revision, host.dependsOn, () =>
      this.#contextOf(host, this.#laneFor(host, tickets)),
    );
    if ('closed' in made) return { state: 'closed', ...made.closed };
    return { state: 'served', host, secureContext: made.value };
  }

  /** Forgets what is made of these documents, so that the next use reads them anew; gives the hosts that this concerns. */
  forget(ids: ChangedIds): string[] {
    this.#changes += 1;
    if (ids === 'all' || ids.some(({ kind }) => kind === 'ticket-keys')) this.#forgetSessionKeys();
    if (ids === 'all') {
      this.#entries.clear();
      for (const held of this.#held.values()) held.entry = undefined;
      this.#bundles.clear();
      this.#revocations.clear();
      this.#lists.clear();
      this.#upstreamCertificates.clear();
      return [];
    }
    const hosts: string[] = [];
    const parts = new Set<string>();
    for (const { kind, id } of ids) {
      if (kind === 'host') hosts.push(id);
      else parts.add(dependency(kind, id));
      if (kind === 'trust-bundle') this.#bundles.delete(id);
      if (kind === 'revocation') this.#revocations.delete(id);
      if (kind === 'crl') this.#lists.delete(id);
      if (kind === 'certificate') this.#upstreamCertificates.delete(id);
    }
    if (parts.size > 0) {
      for (const [id, entry] of this.#allEntries()) {
        if (dependenciesOf(entry).some((part) => parts.has(part))) hosts.push(id);
      }
    }
    for (const id of hosts) {
      this.#entries.delete(id);
      const held = this.#held.get(id);
      if (held !== undefined) held.entry = undefined;
    }
    return hosts;
  }

  /** Reads hosts now rather than at their next handshake, so that one that cannot be served is known at once. */
  prepare(ids: readonly string[]): void {
    const left = ids.slice(0, PREPARED_MAX);
    const next = () => {
      const id = left.pop();
      if (id === undefined) return;
      this.#load(id as Hostname);
      setImmediate(next);
    };
    setImmediate(next);
  }

  /** The hosts found closed since they changed last, as the report wants them. */
  closedHosts(): ClosedHost[] {
    const closed: ClosedHost[] = [];
    for (const [, entry] of this.#allEntries()) {
      if (entry.state === 'closed' && closed.length < EDGE_LIMITS.reportedHostsMax) closed.push(entry.closed);
    }
    return closed;
  }

  /** The revocation lists that hosts are judged by. */
  revocationLists(): RevocationList[] {
    return [...this.#lists.entries()].map(([, { list }]) => list);
  }

  /** The trust bundle that an upstream's certificate is checked against; undefined when it cannot be used. */
  getTrustBundle(id: string): CheckedBundle | undefined {
    return this.#usable('trust-bundle', id, () => this.#bundleOf(id));
  }

  /** The certificate and key shown to an upstream; undefined when they cannot be used. */
  getCertificate(id: string): OpenedCertificate | undefined {
    const { replica, edgeKeyPem } = this.#options;
    return this.#usable('certificate', id, () =>
      kept(this.#upstreamCertificates, id, () =>
        openCertificate(id, readCertificate(replica, id), edgeKeyPem),
      ),
    );
  }

  #bundleOf(id: string): CheckedBundle {
    return kept(this.#bundles, id, () => readTrustBundle(this.#options.replica, id));
  }

  /** Throws UnusableDocument where the host's document says that there are revocations, and none are to be had. */
  #revocationsOf({ project, clientCertificate }: HostDocument): RevocationIndex | null {
    if (clientCertificate === null) return null;
    const { index } = kept(this.#revocations, project, () => ({
      index: readRevocations(this.#options.replica, project),
    }));
    if (index === null && clientCertificate.revocations === true)
      throw new UnusableDocument(
        'revocations_missing',
        `the revocations of project ${project} are not there`,
      );
    return index;
  }

  #usable<T>(kind: ChangeKind, id: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UnusableDocument)) throw error;
      this.#tell(`${kind} ${id}`, -1, error);
      return undefined;
    }
  }

  #entryOf(name: Hostname): HostEntry | undefined {
    const exact = this.#load(name);
    if (exact !== undefined) return exact;
    const wildcard = wildcardOf(name);
    return wildcard === undefined ? undefined : this.#load(wildcard);
  }

  #knownEntry(id: string): HostEntry | undefined {
    const entry = this.#entries.get(id) ?? this.#held.get(id)?.entry;
    return entry !== undefined && holdsStill(entry, this.#options.now()) ? entry : undefined;
  }

  *#allEntries(): Generator<[string, HostEntry]> {
    yield* this.#entries.entries();
    for (const [id, { entry }] of this.#held) if (entry !== undefined) yield [id, entry];
  }

  #load(id: Hostname): HostEntry | undefined {
    const known = this.#knownEntry(id);
    if (known !== undefined) return known;
    const read = this.#closing(id, -1, [], () => readHost(this.#options.replica, id));
    if ('closed' in read) return read;
    if (read.value === undefined) return undefined;
    const entry = this.#compile(id, read.value.document, read.value.revision);
    this.#entries.set(id, entry);
    return entry;
  }

  #compile(id: Hostname, document: HostDocument, revision: number): HostEntry {
    const dependsOn = dependenciesOfDocument(document);
    if (document.closed !== null) {
      return {
        state: 'closed',
        closed: { host: id, ...document.closed },
        dependsOn,
        until: Number.POSITIVE_INFINITY,
      };
    }
    const { certificate: certificateId } = document;
    if (certificateId === null) return { state: 'no_certificate' };
    const made = this.#closing(id, revision, dependsOn, () => {
      const { replica } = this.#options;
      const bundles = new Map(clientBundlesOf(document).map((bundle) => [bundle, this.#bundleOf(bundle)]));
      const revocations = this.#revocationsOf(document);
      const lists = (document.clientCertificate?.crls ?? []).map((list) =>
        kept(this.#lists, list, () => readList(replica, list)),
      );
      const certificate = readCertificate(replica, certificateId);
      const host = makeServedHost(
        {
          id,
          revision,
          document,
          bundles,
          revocations,
          lists,
          certificateId,
          certificate,
          dependsOn,
        },
        this.#options.evaluator,
      );
      // Made here and not at the first handshake, so that get() and lookUp() never disagree about a host.
      this.#contextOf(host, this.#laneFor(host, []));
      return host;
    });
    if ('closed' in made) return made;
    return { state: 'served', host: made.value };
  }

  /** Runs a step; where a document turns out unusable its host is kept closed until it changes, and told once. After any other fault not for long. */
  #closing<T>(
    id: string,
    revision: number,
    dependsOn: readonly string[],
    step: () => T,
  ): { value: T } | ClosedEntry {
    try {
      return { value: step() };
    } catch (error) {
      const unusable =
        error instanceof UnusableDocument
          ? error
          : new UnusableDocument('unusable_document', 'the host cannot be set up for TLS', error);
      const closed = { host: id, reason: unusable.reason, message: unusable.message };
      const until = closedUntil(error, this.#options.now());
      const entry: ClosedEntry = { state: 'closed', closed, dependsOn, until };
      this.#changes += 1;
      this.#entries.set(id, entry);
      this.#tell(id, revision, unusable);
      return entry;
    }
  }

  #tell(what: string, revision: number, error: UnusableDocument): void {
    const word = `${revision} ${error.message}`;
    if (this.#told.get(what) === word) return;
    this.#told.set(what, word);
    this.#options.onUnusable(what, error);
  }

  #forgetSessionKeys(): void {
    this.#sessionKeys.forget();
    this.#lanes.clear();
    // Those of keys that have gone would only lie there.
    this.#contexts.clear();
  }

  /** The key that a handshake of this host runs with; null: nothing resumes. */
  #laneFor(host: EdgeHost, tickets: readonly Buffer[]): SessionLane | null {
    const { sessionDomain } = host;
    const lanes = kept(this.#lanes, sessionDomain, () => this.#sessionKeys.lanesOf(sessionDomain));
    const now = this.#options.now();
    const holding = lanes.filter(({ expiresAt }) => now < expiresAt);
    return chooseLane(holding, tickets, (session) => this.#mayResume(host, session));
  }

  /** Sessions of clients that are not admitted, or no longer, are not resumed; their full handshake then says why. */
  #mayResume(host: EdgeHost, { leafDer, wasGood }: SessionClient): boolean {
    if (host.document.clientCertificate === null) return true;
    if (leafDer === null || !wasGood) return false;
    const intermediates = this.#options.intermediates.of(host.policyVersion).find(leafDer);
    return host.evaluate({ openssl: { good: true }, chain: [leafDer, ...intermediates] }).verdict === 'admit';
  }

  #contextOf(host: EdgeHost, lane: SessionLane | null): SecureContext {
    const { edgeKeyPem, minVersion } = this.#options;
    return kept(this.#contexts, contextKey(host, lane, minVersion), () =>
      buildSecureContext({
        ...openCertificate(host.certificateId, host.certificate, edgeKeyPem),
        anchorsPem: anchorsOfHost(host),
        sessions: lane === null ? null : { domain: host.sessionDomain, ticketKeys: lane.ticketKeys },
        minVersion,
      }),
    );
  }
}

/** Hosts share a context only where nothing can be resumed: the keys of a lane are of one domain. */
function contextKey(host: EdgeHost, lane: SessionLane | null, minVersion: TlsVersion): string {
  const sessions = lane === null ? 'none' : lane.ticketName.toString('hex');
  return `${minVersion} ${host.certificateHash} ${host.policyVersion} ${sessions}`;
}
