/** Milliseconds. A CA that names a later time than a week is asked again after a week. */
const RETRY_AFTER_MS_MAX = 7 * 86_400_000;

/** The time that a Retry-After names, in seconds or as a date (RFC 9110 section 10.2.3); null for none or nonsense. */
export function readRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const text = value.trim();
  const at = /^\d{1,10}$/.test(text) ? now + Number(text) * 1000 : Date.parse(text);
  return Number.isFinite(at) ? Math.min(Math.max(at, now), now + RETRY_AFTER_MS_MAX) : null;
}
