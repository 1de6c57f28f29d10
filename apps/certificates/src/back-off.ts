import type { CertificateReason } from '@postern/contracts';

/** Milliseconds: the first wait, and the longest. */
const FIRST_MS = 1000;
const LAST_MS = 3_600_000;
/** What cost the CA an order grows fast, as CAs allow few failures an hour; what was found out before doubles. */
const COSTLY: ReadonlySet<CertificateReason> = new Set(['ca_refused', 'challenge_failed']);

/**
 * Milliseconds to wait after the `attempts`-th failure in a row (from 1): from 1 s to 1 h, growing by two, or by four where a
 * failure costs an order, with up to half as much again at random, so that hosts spread out.
 */
export function backOffMs(attempts: number, reason: CertificateReason, random: () => number): number {
  const factor = COSTLY.has(reason) ? 4 : 2;
  const baseMs = Math.min(LAST_MS, FIRST_MS * factor ** Math.min(attempts - 1, 20));
  return Math.round(baseMs * (1 + random() / 2));
}
