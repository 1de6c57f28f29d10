import type { Log } from '@postern/contracts';
import type { Store } from '@postern/store';
import { certificateErrorOf, IssueFailure } from './issue-failure.ts';
import type { Issuer } from './issuer.ts';

const AT_A_TIME = 20;
const LEASE = 'certificate-revocations';
const LEASE_MS = 60_000;

export interface RevokeOptions {
  readonly store: Store;
  readonly issuers: readonly Issuer[];
  readonly holder: string;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Revokes what somebody asked to revoke; the store then wants successors at once. One that the CA cannot be asked for now
 * stays; gives true when there are such.
 */
export async function revokeWaiting(options: RevokeOptions): Promise<boolean> {
  const { store, holder } = options;
  const waiting = await store.listWaitingRevocations(AT_A_TIME);
  if (waiting.length === 0) return false;
  if (!(await store.acquireLease(LEASE, holder, LEASE_MS))) return true;
  let isLeft = waiting.length === AT_A_TIME;
  try {
    for (const wish of waiting) if (!(await revoke(wish, options))) isLeft = true;
  } finally {
    await store.releaseLease(LEASE, holder);
  }
  return isLeft;
}

type Wish = Awaited<ReturnType<Store['listWaitingRevocations']>>[number];

async function revoke(wish: Wish, { store, issuers, log, now }: RevokeOptions): Promise<boolean> {
  const { id, names, issuer, chainPem, reason } = wish;
  try {
    const own = issuers.find((one) => one.has(issuer));
    if (own === undefined) {
      const detail = `the certificate is of ${issuer}, which POSTERN_ACME_DIRECTORY_URL does not name any more`;
      throw new IssueFailure('ca_refused', detail);
    }
    await own.revoke(issuer, chainPem, reason);
    await store.settleRevocation(id, null);
    log.info({ names, issuer, reason }, 'certificate revoked');
    return true;
  } catch (error) {
    log.warn({ err: error, names, issuer }, 'certificate not revoked');
    const failure = certificateErrorOf(error, now());
    if (failure.code === 'ca_unreachable' || failure.code === 'rate_limited') return false;
    await store.settleRevocation(id, failure);
    return true;
  }
}
