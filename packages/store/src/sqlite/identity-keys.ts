import { CHANGE_BODIES, IDENTITY_KEYS, type IdentityKeys } from '@postern/contracts';
import type { ChangeLog } from './change-log.ts';
import type { WriteContext } from './write-context.ts';

/** The keys as they lie in the log; those that cannot be read count as none. */
export function getIdentityKeys(log: ChangeLog): IdentityKeys | undefined {
  return CHANGE_BODIES['identity-keys'].safeParse(log.find('identity-keys', IDENTITY_KEYS.id)).data;
}

export function updateIdentityKeys(
  { log, now }: WriteContext,
  next: (present: IdentityKeys | undefined) => IdentityKeys | null,
): void {
  const keys = next(getIdentityKeys(log));
  if (keys !== null) log.put('identity-keys', IDENTITY_KEYS.id, keys, now);
}
