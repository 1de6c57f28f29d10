import { type FieldLines, fieldLines } from '@postern/http1';
import type { Field } from '../upstream/fields.ts';

let second = Number.NaN;
let field: Field = ['date', ''];
let line: FieldLines = fieldLines([]);

/** The Date of an answer that has none (RFC 9110 section 6.6.1); made once a second. */
export function dateLine(): FieldLines {
  update();
  return line;
}

/** The same as a field. */
export function dateField(): Field {
  update();
  return field;
}

function update(): void {
  const now = Math.floor(Date.now() / 1_000);
  if (now === second) return;
  second = now;
  const value = new Date(now * 1_000).toUTCString();
  field = ['date', value];
  line = fieldLines([['Date', value]]);
}
