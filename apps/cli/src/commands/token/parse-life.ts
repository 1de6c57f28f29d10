import { LIMITS } from '@postern/contracts';
import { usageFailure } from '../../cli-failure.ts';

const SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** Reads how long a token lives, like `12h`, `30d` or `1y` (365 days), in seconds. Usage failure naming the flag. */
export function parseLife(text: string, flag: string): number {
  const match = /^(\d{1,9})([smhdwy])$/.exec(text);
  const seconds = Number(match?.[1]) * (SECONDS[match?.[2] ?? ''] ?? Number.NaN);
  if (seconds >= LIMITS.tokenLifeSecondsMin && seconds <= LIMITS.tokenLifeSecondsMax) return seconds;
  throw usageFailure(
    `${flag} "${text}" is no time that a token can live`,
    'write it like 12h, 30d or 1y, from 60s to 10y; without it the token has no end',
  );
}
