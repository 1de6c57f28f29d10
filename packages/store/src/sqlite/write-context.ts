import type { Compiler } from '../store.ts';
import type { ChangeLog } from './change-log.ts';
import type { StoreDatabase } from './open-database.ts';

/** What a function needs that runs inside one transaction of the store. */
export interface WriteContext {
  readonly db: StoreDatabase;
  readonly log: ChangeLog;
  readonly compiler: Compiler;
  /** Milliseconds since 1970; one instant for the whole transaction. */
  readonly now: number;
  /** Name of the token that writes; null where nobody said. */
  readonly by: string | null;
}
