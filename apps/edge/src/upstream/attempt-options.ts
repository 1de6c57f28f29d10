import type { Target } from '@postern/contracts/plain';
import type { AddressGuard } from './address-guard.ts';
import type { AttemptEvents, UpstreamRequest } from './attempt.ts';
import type { Http2Sessions } from './h2-sessions.ts';
import type { Pool } from './pool.ts';

/** What an attempt is made of, in whichever protocol. */
export interface AttemptOptions {
  readonly pool: Pool;
  readonly target: Target;
  /** Value of Host or :authority. */
  readonly authority: string;
  readonly request: UpstreamRequest;
  readonly events: AttemptEvents;
  /** On a connection of its own, where it is HTTP/1.1. */
  readonly fresh: boolean;
  /** In place of the pool's, where it is HTTP/2. */
  readonly sessions?: Http2Sessions;
  readonly guard: AddressGuard;
}
