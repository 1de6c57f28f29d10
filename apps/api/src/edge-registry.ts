import type { EdgeReport } from '@postern/contracts';
import { TargetSightings } from './target-sightings.ts';

/** Edges remembered while they are away, so that a reconnect does not read as "nothing applied". */
const EDGES_MAX = 1000;
/** Milliseconds without a report after which an edge counts as gone, its connection as dead; edges report every 10 s. */
const SILENT_MS = 35_000;

/** An edge that reads the feed now. Times are milliseconds since 1970. */
export interface ConnectedEdge {
  /** Tells edges of one name apart. */
  readonly id: string;
  readonly edge: string;
  readonly connectedSince: number;
  /** Every worker of the edge serves by this revision of the present history; 0 before its first report. */
  readonly appliedRevision: number;
  /** Why the edge keeps hosts closed, by host. */
  readonly closedHosts: ReadonlyMap<string, string>;
  /** How the targets are that the edge checks. */
  readonly targets: Pick<TargetSightings, 'ofService'>;
}

/** An edge that was there lately. Times are milliseconds since 1970. */
export interface SeenEdge {
  readonly edge: string;
  readonly connected: boolean;
  readonly lastSeenAt: number;
  /** Whom it saw before that moment has been reported; 0: it has not said. */
  readonly sightingsUpTo: number;
}

interface Entry {
  readonly id: string;
  readonly edge: string;
  sightingsUpTo: number;
  connections: number;
  connectedSince: number;
  lastSeenAt: number;
  appliedRevision: number;
  closedHosts: ReadonlyMap<string, string>;
  readonly targets: TargetSightings;
}

/** Who reads the feed and how far each edge is, in memory: edges report again after the API starts anew. */
export class EdgeRegistry {
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();
  /** Moments (milliseconds since 1970) until which somebody waits to hear of sightings. */
  readonly #wanted = new Set<{ readonly upTo: number }>();

  /** Counts a feed connection of an edge in; the returned function counts it out. */
  connect(tokenId: string, edge: string, now: number): () => void {
    const entry = this.#entryOf(tokenId, edge);
    if (entry.connections === 0) entry.connectedSince = now;
    entry.connections += 1;
    entry.lastSeenAt = now;
    this.#tell();
    let connected = true;
    return () => {
      if (!connected) return;
      connected = false;
      entry.connections -= 1;
      this.#tell();
    };
  }

  /**
   * Takes a report; `appliedRevision` is 0 when the report's epoch is not part of the present history. Gives the number
   * up to which the edge's list of targets is known.
   */
  report(tokenId: string, report: EdgeReport, appliedRevision: number, now: number): number {
    const entry = this.#entryOf(tokenId, report.edge);
    entry.lastSeenAt = now;
    entry.appliedRevision = appliedRevision;
    // Never more than was asked for: a moment of this clock that is still to come cannot have been reported.
    entry.sightingsUpTo = Math.max(entry.sightingsUpTo, Math.min(report.sightingsUpTo ?? 0, now));
    entry.closedHosts = new Map(
      report.closedHosts.map(({ host, reason, message }) => [host, `${reason}: ${message}`]),
    );
    if (report.targets === undefined) entry.targets.clear();
    const targetsUpTo = report.targets === undefined ? 0 : entry.targets.take(report.targets);
    this.#tell();
    return targetsUpTo;
  }

  /** Edges that read the feed and have lately given a sign of life. */
  listConnected(now: number): ConnectedEdge[] {
    return [...this.#entries.values()].filter(
      (entry) => entry.connections > 0 && now - entry.lastSeenAt <= SILENT_MS,
    );
  }

  /** Edges that are connected, or were heard of within `withinMs`. */
  listSeen(now: number, withinMs: number): SeenEdge[] {
    return [...this.#entries.values()]
      .map(({ edge, connections, lastSeenAt, sightingsUpTo }) => ({
        edge,
        connected: connections > 0 && now - lastSeenAt <= SILENT_MS,
        lastSeenAt,
        sightingsUpTo,
      }))
      .filter(({ connected, lastSeenAt }) => connected || now - lastSeenAt <= withinMs);
  }

  /** Asks every edge, at its next report, for whom it has seen until then; the returned function stops asking. */
  wantSightings(upTo: number): () => void {
    const wish = { upTo };
    this.#wanted.add(wish);
    return () => this.#wanted.delete(wish);
  }

  /** The moment to hand to an edge that reports now; undefined when it has told all that anybody waits for. */
  sightingsWantedOf(tokenId: string, edge: string, now: number): number | undefined {
    const { sightingsUpTo } = this.#entryOf(tokenId, edge);
    return [...this.#wanted].some(({ upTo }) => upTo > sightingsUpTo) ? now : undefined;
  }

  /** Calls back after every connect, disconnect and report; returns the way to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // Keyed by token as well, so that no edge can report in the name of another's.
  #entryOf(tokenId: string, edge: string): Entry {
    const key = `${tokenId}/${edge}`;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    if (this.#entries.size >= EDGES_MAX) {
      for (const [oldKey, old] of this.#entries) {
        if (old.connections > 0) continue;
        this.#entries.delete(oldKey);
        break;
      }
    }
    const entry: Entry = {
      id: key,
      edge,
      connections: 0,
      connectedSince: 0,
      lastSeenAt: 0,
      appliedRevision: 0,
      sightingsUpTo: 0,
      closedHosts: new Map(),
      targets: new TargetSightings(),
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
