import type { LabelRequirement, ResourceName } from '@postern/contracts';

/** Which resources of a project are wanted, in the order of their names. */
export interface ListQuery {
  /** Resources at most, up to LIMITS.listLimitMax. */
  readonly limit: number;
  /** Those after this name. */
  readonly after?: ResourceName | undefined;
  readonly namePrefix?: string | undefined;
  /** All of them must hold. */
  readonly labels?: readonly LabelRequirement[] | undefined;
}

/**
 * One page of a list. `next` is the name to go on after, or null at the end. A page may hold fewer than `limit`, even none,
 * while `next` is not null: a look for labels ends after a bounded number of rows.
 */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: ResourceName | null;
}
