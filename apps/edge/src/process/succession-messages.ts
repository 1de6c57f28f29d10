import type { Cursor } from '@postern/contracts';
import type { ListenAddress } from '@postern/runtime';
import type { ChangedIds } from '../hosts/host-table.ts';

/** From the first supervisor of an edge to one that follows it. */
export type ToSuccessor =
  /** A socket to accept on, which comes with the message. */
  | { readonly type: 'socket'; readonly purpose: 'https' | 'http'; readonly address: ListenAddress }
  /** That was all of them; `admin` is where the first supervisor answers the operator. */
  | { readonly type: 'inherit'; readonly admin: readonly ListenAddress[] }
  /** The data directory is free. */
  | { readonly type: 'begin' }
  | { readonly type: 'ask'; readonly request: number; readonly about: 'readiness' | 'metrics' }
  | { readonly type: 'stand-aside' }
  /** What was to follow has failed. */
  | { readonly type: 'stand-in' }
  /** What the supervisor in office has applied. */
  | { readonly type: 'applied'; readonly ids: ChangedIds; readonly cursor: Cursor }
  /** To drain, and then to end. */
  | { readonly type: 'retire' };

/** From a supervisor that follows to the first one. */
export type FromSuccessor =
  /** Its code is there, and all sockets. */
  | { readonly type: 'loaded' }
  | { readonly type: 'serving' }
  | { readonly type: 'failed'; readonly detail: string }
  /** The data directory is free. */
  | { readonly type: 'aside' }
  | {
      readonly type: 'answer';
      readonly request: number;
      readonly reasons?: readonly string[];
      readonly metrics?: string;
    }
  | { readonly type: 'applied'; readonly ids: ChangedIds; readonly cursor: Cursor };
