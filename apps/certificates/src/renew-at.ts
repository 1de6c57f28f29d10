/** Part of its life by which a renewal may come earlier, at random, so that many do not come due together. */
const JITTER = 1 / 30;

/** Milliseconds for which a certificate serves at least, but where somebody asks for another or it is revoked: a tenth of its life between these. */
const SERVES_MS = { min: 60_000, max: 3_600_000 };

interface Validity {
  readonly notBefore: string;
  readonly notAfter: string;
}

/** When a certificate is renewed by the clock: one third of its life before its end, or up to a thirtieth of it earlier. */
export function renewAtOf({ notBefore, notAfter }: Validity, random: () => number): number {
  const end = Date.parse(notAfter);
  const lifeMs = end - Date.parse(notBefore);
  return Math.floor(end - lifeMs / 3 - random() * lifeMs * JITTER);
}

/**
 * The first time at which a certificate that came at `issuedAt` may be replaced by itself: a clock that is wrong, or a CA that wants each one
 * replaced at once, must not have one order follow the other.
 */
export function earliestRenewalOf({ notBefore, notAfter }: Validity, issuedAt: number): number {
  const tenthMs = (Date.parse(notAfter) - Date.parse(notBefore)) / 10;
  return issuedAt + Math.min(Math.max(tenthMs, SERVES_MS.min), SERVES_MS.max);
}
