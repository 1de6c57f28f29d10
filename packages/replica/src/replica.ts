import type { Change, ChangeKind, Cursor } from '@postern/contracts';

/** A document as it lies in the replica. `damaged`: its body is not readable, and what depends on it must be closed. */
export interface StoredDocument extends Change {
  readonly damaged: boolean;
}

/**
 * An edge's own copy of the feed, in one SQLite file. One writer (the supervisor) applies; any number of read-only
 * openers (the workers) get. A reader sees the state before or after an apply or a resync, never a mix of both.
 *
 * Failures are PosternError `unavailable`, naming the file.
 */
export interface Replica {
  /** Where a damaged file was set aside when this one was opened; null when nothing was wrong. To be logged. */
  readonly setAside: string | null;

  /** How far the copy has come; null before the first complete one. */
  cursor(): Cursor | null;
  /** Applies changes and moves the cursor in one transaction. Ends a resync under way without its copy. */
  apply(changes: readonly Change[], cursor: Cursor): void;
  /** Begins a new full copy beside the present one, which keeps serving. */
  beginResync(): void;
  /** Adds to the new copy; may be called many times. Fails when no resync has begun. */
  stage(changes: readonly Change[]): void;
  /** Puts the new copy in the place of the present one, in one transaction. Fails when no resync has begun. */
  finishResync(cursor: Cursor): void;

  /** Undefined when there is no such document. The body is parsed JSON; whether it is a document is the edge's to say. */
  get(kind: ChangeKind, id: string): StoredDocument | undefined;
  /** Ids of a kind in order. */
  listIds(kind: ChangeKind): string[];
  /** Ids of the hosts whose documents mention a health check, in order; takes time for these alone. */
  listHostsWithChecks(): string[];
  /**
   * Reads everything once, a few milliseconds a step, for a large file is not looked at when it is opened. Fails like every reading
   * where there is damage, and so has the file set aside when it is opened next.
   */
  check(): Generator<void, void, void>;
  close(): void;
}

export interface ReplicaOptions {
  /** Created as 0600 in a 0700 folder when it is missing and `readOnly` is false. */
  readonly file: string;
  readonly readOnly: boolean;
  /** Bytes. A file up to this is checked whole when it is opened for writing; 32 MiB, some 50 ms, when absent. */
  readonly checkedAtOpenBytesMax?: number;
}
