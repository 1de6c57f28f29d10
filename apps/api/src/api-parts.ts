import type { Hostname, Log, PublicEdge } from '@postern/contracts';
import type { Store } from '@postern/store';
import type { EdgeRegistry } from './edge-registry.ts';
import type { TokenCalls } from './token-calls.ts';
import type { WatchRegistry } from './watch/watch-registry.ts';

/** Everything an operation may use. */
export interface ApiParts {
  readonly store: Store;
  /** 32 bytes; seals secret values and certificate keys. */
  readonly masterKey: Buffer;
  readonly edges: EdgeRegistry;
  readonly tokenCalls: TokenCalls;
  readonly watches: WatchRegistry;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A random integer from 0 up to, not including, `max`. */
  readonly randomInt: (max: number) => number;
  readonly hostnameDomain: Hostname;
  /** Whether hosts that are new are served only once they are verified. */
  readonly hostnameVerification: boolean;
  /** What the world reaches the edges by. */
  readonly publicEdge: PublicEdge;
  readonly publicHttpsPort: number;
  readonly version: string;
  /** Milliseconds between comments on a silent feed. */
  readonly heartbeatMs: number;
  /** Aborted when the API stops and, in what a handler gets, when the caller's token ends: ends feeds, watches and long polls. */
  readonly stopping: AbortSignal;
}
