import { type FieldLines, fieldLines } from '@postern/http1';

let second = Number.NaN;
let line: FieldLines = fieldLines([]);

/** The Date of an answer that has none (RFC 9110 section 6.6.1); made once a second. */
export function dateLine(): FieldLines {
  const now = Math.floor(Date.now() / 1_000);
  if (now !== second) {
    second = now;
    line = fieldLines([['Date', new Date(now * 1_000).toUTCString()]]);
  }
  return line;
}
