import { isDeepStrictEqual } from 'node:util';
import {
  type Change,
  type ChangeKind,
  type Cursor,
  DOCUMENT_FORMAT,
  documentFormatOf,
  type Revision,
  unusableChange,
} from '@postern/contracts';
import type Database from 'better-sqlite3';

/** Milliseconds a tombstone is kept: an edge that was away for longer takes a full copy. */
const TOMBSTONE_KEPT_MS = 7 * 86_400_000;

/** Milliseconds between two purges by one process. */
const PURGE_EVERY_MS = 3_600_000;

/** Tombstones one write removes at most, so that no write stalls. */
const PURGED_MAX = 5_000;

const PRESENT_EPOCH = 'select id from epochs order by seq desc limit 1';

interface ChangeRow {
  readonly epoch: string;
  readonly revision: number;
  readonly kind: string;
  readonly id: string;
  readonly formatVersion: number;
  readonly body: string | null;
}

/**
 * The log of changes: one row for each (kind, id) with its latest revision.
 * Every method but the constructor runs inside a transaction of the caller's. Statements are prepared once, since
 * a write may put hundreds of documents.
 */
export class ChangeLog {
  readonly #find: Database.Statement<
    [string, string],
    { revision: number; formatVersion: number; body: string | null }
  >;
  readonly #put: Database.Statement<[string, string, number, number, string | null, number]>;
  readonly #after: Database.Statement<[number, number], ChangeRow>;
  readonly #counter: Database.Statement<[string], number>;
  readonly #setCounter: Database.Statement<[number, string]>;
  readonly #next: Database.Statement<[], number>;
  readonly #cursor: Database.Statement<[], { epoch: string | null; revision: Revision | null }>;
  readonly #epochEnd: Database.Statement<[string], { endRevision: number | null }>;
  readonly #purge: Database.Statement<[number, number], number>;
  #nextPurgeAt = 0;

  constructor(connection: Database.Database) {
    this.#find = connection.prepare(
      'select revision, format_version as formatVersion, body from changes where kind = ? and id = ?',
    );
    this.#put = connection.prepare(
      `insert into changes (kind, id, revision, format_version, body, written_at) values (?, ?, ?, ?, ?, ?)
       on conflict (kind, id) do update set revision = excluded.revision, format_version = excluded.format_version,
         body = excluded.body, written_at = excluded.written_at`,
    );
    this.#after = connection.prepare(
      `select (${PRESENT_EPOCH}) as epoch, revision, kind, id, format_version as formatVersion, body from changes
         where revision > ? order by revision limit ?`,
    );
    this.#counter = connection.prepare<[string], number>('select value from counters where name = ?').pluck();
    this.#setCounter = connection.prepare('update counters set value = ? where name = ?');
    this.#next = connection
      .prepare<[], number>("update counters set value = value + 1 where name = 'revision' returning value")
      .pluck();
    this.#cursor = connection.prepare(
      `select (${PRESENT_EPOCH}) as epoch, (select value from counters where name = 'revision') as revision`,
    );
    this.#epochEnd = connection.prepare(
      `select (select later.start_revision from epochs later where later.seq > own.seq order by later.seq limit 1)
         as endRevision from epochs own where own.id = ?`,
    );
    this.#purge = connection
      .prepare<[number, number], number>(
        `delete from changes where (kind, id) in
           (select kind, id from changes where body is null and written_at < ? order by written_at limit ?)
         returning revision`,
      )
      .pluck();
  }

  /** The newest revision given out; 0 before the first. */
  revision(): Revision {
    return (this.#counter.get('revision') ?? 0) as Revision;
  }

  /** The body of a document as it lies in the log; undefined where there is none, or none that can be read. */
  find(kind: ChangeKind, id: string): unknown {
    const text = this.#find.get(kind, id)?.body;
    return text == null ? undefined : parseBody(text);
  }

  /** Puts a document under a new revision, or leaves the log as it is when nothing in the body differs. */
  put(kind: ChangeKind, id: string, body: object, now: number): void {
    const text = JSON.stringify(body);
    const present = this.#find.get(kind, id);
    const format = documentFormatOf(body);
    if (present?.body != null && present.formatVersion === format && isSameBody(present.body, text)) return;
    this.#put.run(kind, id, this.#nextRevision(), format, text, now);
  }

  /** True where the document is there. */
  has(kind: ChangeKind, id: string): boolean {
    return this.#find.get(kind, id)?.body != null;
  }

  /** Replaces a document by a tombstone; nothing happens when there is none. */
  bury(kind: ChangeKind, id: string, now: number): void {
    if (this.#find.get(kind, id)?.body == null) return;
    this.#put.run(kind, id, this.#nextRevision(), DOCUMENT_FORMAT, null, now);
  }

  changesAfter(revision: number, limit: number): Change[] {
    return this.#after.all(revision, limit).map((row) => {
      const change: Change = { ...row, body: row.body === null ? null : parseBody(row.body) };
      return change.body === undefined ? unusableChange(change, 'it lies damaged in the database') : change;
    });
  }

  cursor(): Cursor {
    const { epoch = null, revision = null } = this.#cursor.get() ?? {};
    if (epoch === null) throw new Error('the database has no epoch');
    return { epoch, revision: revision ?? (0 as Revision) };
  }

  /**
   * True when the cursor was read from this very history and no tombstone after it has been purged. A cursor beyond
   * the end of its epoch belongs to a history that a restored older database does not have.
   */
  isResumable(cursor: Cursor): boolean {
    const epoch = this.#epochEnd.get(cursor.epoch);
    if (epoch === undefined) return false;
    const end = epoch.endRevision ?? this.revision();
    return cursor.revision <= end && cursor.revision >= (this.#counter.get('purged') ?? 0);
  }

  /** Now and then removes tombstones older than TOMBSTONE_KEPT_MS; cursors before them are no longer resumable. */
  purge(now: number): void {
    if (now < this.#nextPurgeAt) return;
    const revisions = this.#purge.all(now - TOMBSTONE_KEPT_MS, PURGED_MAX);
    if (revisions.length < PURGED_MAX) this.#nextPurgeAt = now + PURGE_EVERY_MS;
    if (revisions.length === 0) return;
    const newest = revisions.reduce(
      (max, revision) => Math.max(max, revision),
      this.#counter.get('purged') ?? 0,
    );
    this.#setCounter.run(newest, 'purged');
  }

  #nextRevision(): number {
    const revision = this.#next.get();
    if (revision === undefined) throw new Error('the revision counter is missing');
    return revision;
  }
}

/** Where keys stand in another order the texts are as long, both being of JSON.stringify: most that differ need not be read. */
function isSameBody(present: string, next: string): boolean {
  if (present === next || present.length !== next.length) return present === next;
  return isDeepStrictEqual(parseBody(present), parseBody(next));
}

/** Undefined for what is not JSON: only damage of the file makes that. */
function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
