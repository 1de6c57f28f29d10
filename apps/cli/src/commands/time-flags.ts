import { usageFailure } from '../cli-failure.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Reads a time that lies back (`30m`, `7d`) or is written out (ISO 8601). Usage failure naming the flag. `now`: milliseconds since 1970. */
export function parsePast(text: string, flag: string, now: number): Date {
  const ms = spanOf(text);
  return ms === null ? dateOf(text, flag, 'like 30m, 24h, 7d, or 2026-01-31T08:00:00Z') : new Date(now - ms);
}

/** Reads a time that lies ahead (`14d`) or is written out (ISO 8601). Usage failure naming the flag. */
export function parseFuture(text: string, flag: string, now: number): Date {
  const ms = spanOf(text);
  return ms === null ? dateOf(text, flag, 'like 24h, 14d, 8w, or 2026-01-31T08:00:00Z') : new Date(now + ms);
}

/** Reads a span of time (`1h`) in seconds. Usage failure naming the flag, also for one outside `min` and `max` (seconds). */
export function parseSpanSeconds(
  text: string,
  flag: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const seconds = (spanOf(text) ?? Number.NaN) / 1_000;
  if (seconds >= min && seconds <= max) return seconds;
  throw usageFailure(
    `${flag} "${text}" is no span between ${min} s and ${max / 86_400} d`,
    'write it like 15m, 1h or 1d',
  );
}

function spanOf(text: string): number | null {
  const match = /^(\d{1,6})([smhdw])$/.exec(text);
  return match === null ? null : Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
}

function dateOf(text: string, flag: string, form: string): Date {
  const at = /^\d{4}-\d\d-\d\d([T ].*)?$/.test(text) ? new Date(text) : null;
  if (at !== null && !Number.isNaN(at.getTime())) return at;
  throw usageFailure(`${flag} "${text}" is no time`, `write it ${form}`);
}
