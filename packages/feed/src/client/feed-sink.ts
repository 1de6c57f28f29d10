import type { Change, Cursor } from '@postern/contracts';

/** Where the changes go; a Replica is one. `apply` and `finishResync` happen whole or not at all. */
export interface FeedSink {
  cursor(): Cursor | null;
  apply(changes: readonly Change[], cursor: Cursor): void;
  beginResync(): void;
  stage(changes: readonly Change[]): void;
  finishResync(cursor: Cursor): void;
}

/** What was applied: the documents that may differ now (`all` after a full copy), and how far the sink has come. */
export interface FeedApplied {
  readonly ids: readonly { readonly kind: string; readonly id: string }[] | 'all';
  readonly cursor: Cursor;
}

/**
 * How the client stands. `following`: everything up to a `synced` is applied and the stream is alive. `refused`: the API does not
 * accept the token (401) or its use (403), which only an operator can mend; it is tried again slowly.
 */
export type FeedState =
  | { readonly state: 'connecting' }
  | { readonly state: 'following' }
  | { readonly state: 'retrying'; readonly reason: string; readonly retryInMs: number }
  | {
      readonly state: 'refused';
      readonly status: 401 | 403;
      readonly reason: string;
      readonly retryInMs: number;
    };
