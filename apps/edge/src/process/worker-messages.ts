import type { Cursor, TargetReport } from '@postern/contracts';
import type { ListenAddress } from '@postern/runtime';
import type { ClosedHost } from '../hosts/host-entry.ts';
import type { ChangedIds } from '../hosts/host-table.ts';
import type { LedgerNews } from '../ledger/client-ledger.ts';
import type { SharedIntermediates } from '../tls/known-intermediates.ts';
import type { TlsVersion } from '../tls/secure-context.ts';

/** Bounds that an operator may set; Infinity does not survive a message: null is no bound. */
export interface WorkerLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number | null;
  readonly memoryBytes: number;
}

/** What a worker is started with. Keys come as files, so that none stands in a message or the environment. */
export interface WorkerSettings {
  readonly replicaFile: string;
  readonly edgeKeyFile: string;
  readonly proxyProtocolFrom: readonly string[];
  readonly minVersion: TlsVersion;
  readonly accessLog: string;
  readonly publicHttpsPort: number;
  /** Where Postern itself listens; never an upstream. */
  readonly ownListeners: readonly ListenAddress[];
  readonly idPrefix: string;
  readonly limits: WorkerLimits;
  /** What ids of refusals follow from; the same for all workers. */
  readonly ledgerKey: string;
}

/** From the supervisor to a worker. */
export type ToWorker =
  /** A socket to accept on, which comes with the message; all of them come before the settings. */
  | { readonly type: 'socket'; readonly purpose: 'https' | 'http'; readonly address: ListenAddress }
  | { readonly type: 'start'; readonly settings: WorkerSettings }
  | { readonly type: 'applied'; readonly ids: ChangedIds; readonly cursor: Cursor }
  | { readonly type: 'metrics'; readonly request: number }
  /** To tell whom it has refused and seen, those who are there now too, and then to say so. */
  | { readonly type: 'flush-ledger'; readonly request: number }
  /** What another worker has seen above an admitted leaf. */
  | { readonly type: 'intermediates'; readonly shared: SharedIntermediates }
  /** What health checks have found: everything at first, then what changes. */
  | { readonly type: 'targets'; readonly changed: readonly TargetReport[] }
  /** From here on this worker checks the targets, for all. */
  | { readonly type: 'check-targets' }
  | { readonly type: 'drain' };

/** From a worker to the supervisor. */
export type FromWorker =
  /** Loaded, and waiting for its settings. */
  | { readonly type: 'hello' }
  /** Accepting; `cursor` is what it serves by. */
  | { readonly type: 'listening'; readonly cursor: Cursor | null }
  | { readonly type: 'failed'; readonly detail: string }
  | { readonly type: 'acknowledged'; readonly cursor: Cursor }
  | { readonly type: 'closed-hosts'; readonly hosts: readonly ClosedHost[] }
  /** What stood above an admitted leaf, for the other workers. */
  | { readonly type: 'intermediates'; readonly shared: SharedIntermediates }
  /** What the checks of this worker have found anew. */
  | { readonly type: 'targets'; readonly changed: readonly TargetReport[] }
  /** All is told that was to be told when the request came. */
  | { readonly type: 'ledger-flushed'; readonly request: number }
  /** Whom it refused and saw. */
  | { readonly type: 'ledger'; readonly news: LedgerNews }
  /** Metrics as prom-client's registry gives them, to be added up. */
  | { readonly type: 'metrics'; readonly request: number; readonly metrics: readonly unknown[] };
