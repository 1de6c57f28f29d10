import type { HostnameRecord } from '@postern/store';
import type { HostnameLook } from './look-at-hostname.ts';

/** Milliseconds after the first look at a name that is not verified; each wait is twice the one before. */
const FIRST_WAIT_MS = 5000;
/** Milliseconds between looks at a name that is not verified, or whose proof has gone: 20 minutes. */
const WAIT_MAX_MS = 20 * 60_000;
/** Milliseconds between looks at a name that is verified: 6 hours. Nothing hangs on them but a word of warning. */
const VERIFIED_MS = 6 * 3_600_000;
/** What a wait may differ by, so that names that came together do not stay together. */
const JITTER = 0.1;

/**
 * When DNS is asked next, in milliseconds since 1970: soon at first, for whoever has just made a record, and then every 20 minutes.
 * Null for names that need no proof.
 */
export function nextCheckAt(
  record: Pick<HostnameRecord, 'state' | 'failures'>,
  proof: HostnameLook['proof'],
  now: number,
  random: () => number,
): number | null {
  if (record.state === 'NotRequired') return null;
  const isVerified = record.state === 'Verified' || record.state === 'DnsChanged';
  const waitMs =
    typeof proof === 'string'
      ? VERIFIED_MS
      : isVerified
        ? WAIT_MAX_MS
        : Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** Math.min(record.failures, 20));
  return now + Math.round(waitMs * (1 + JITTER * (2 * random() - 1)));
}
