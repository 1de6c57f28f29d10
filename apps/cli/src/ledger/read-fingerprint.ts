import { usageFailure } from '../cli-failure.ts';

/** Hex digits that a fingerprint is at least told by. */
const DIGITS_MIN = 8;

/** Reads a SHA-256 fingerprint, whole or its beginning, as openssl (`AB:CD`) or Postern print it; lower-case hex. Usage failure. */
export function readFingerprint(text: string): string {
  const hex = text
    .replace(/^(.*fingerprint=|sha256[ :])/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (/^[0-9a-f]{8,64}$/.test(hex)) return hex;
  throw usageFailure(
    `"${text}" is no SHA-256 fingerprint`,
    `write its 64 hex digits, or at least the first ${DIGITS_MIN}; with colons or without`,
  );
}

/** As readFingerprint, for filters: only a whole one. */
export function readWholeFingerprint(text: string): string {
  const hex = readFingerprint(text);
  if (hex.length === 64) return hex;
  throw usageFailure(`"${text}" is only the beginning of a fingerprint`, 'write all of its 64 hex digits');
}
