import type { Revision } from '@postern/contracts';

/** How a write is done. */
export interface WriteMode {
  /** Everything is checked and answered as it would be, then undone: nothing is stored, no revision used. */
  readonly dryRun?: boolean;
  /** Name of the token that writes. */
  readonly by?: string | null;
}

/**
 * The outcome of a write. `revision` is the one from which edges see all of it. Where so many hosts follow from
 * the write that they are recompiled in slices, `job` names that work and `revision` holds without those hosts.
 */
export interface Written<T> {
  readonly record: T;
  readonly created: boolean;
  readonly revision: Revision;
  readonly job: string | null;
}
