import { TEXT, TOKEN } from './character-classes.ts';

/** A field as other protocols have it: what they say behind its value is not written. */
type WrittenField = readonly [name: string, value: string, ...more: unknown[]];

declare const isFieldLines: unique symbol;

/** Whole field lines as bytes, checked: what is written into heads beside what came in one. */
export type FieldLines = Buffer & { readonly [isFieldLines]: true };

/** As `fieldText`, as bytes. */
export function fieldLines(fields: readonly WrittenField[]): FieldLines {
  const text = fieldText(fields);
  // Memory of their own: most lines are kept, and each would keep the 64 KiB of Node's pool that it was cut from.
  const lines = Buffer.allocUnsafeSlow(text.length);
  lines.write(text, 'latin1');
  return lines as FieldLines;
}

/**
 * Writes fields as lines; values are Latin-1. Throws TypeError for a name that is no token, and for a value that holds a control
 * character or anything beyond Latin-1, so that no value can begin a line of its own.
 */
export function fieldText(fields: readonly WrittenField[]): string {
  let text = '';
  for (const [name, value] of fields) {
    if (name === '' || !consistsOf(name, TOKEN))
      throw new TypeError(`not a field name: ${JSON.stringify(name)}`);
    if (!consistsOf(value, TEXT))
      throw new TypeError(`the field ${name} holds a character that no field may hold`);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

function consistsOf(text: string, table: Uint8Array): boolean {
  // Codes over 255 are outside of the table and give undefined.
  for (let index = 0; index < text.length; index += 1) if (table[text.charCodeAt(index)] !== 1) return false;
  return true;
}
