import { ATTRIBUTE_NAMES, type DistinguishedName, type NameAttribute } from './distinguished-name.ts';

/** An attribute whose bytes are no text: the hex form of an ASN.1 NULL, which is never the text of a real one. */
const NOT_TEXT = '#0500';

/**
 * A distinguished name after RFC 4514: last relative name first, in visible ASCII.
 *
 * What RFC 4514 section 2.4 escapes, "=", and all beyond visible ASCII stand as hex pairs (`\2C`), never as a backslash and the
 * character: so the text holds no quotation mark, semicolon or pair of backslashes on which readers of header fields differ.
 */
export function formatRfc4514(name: DistinguishedName): string {
  return name.relativeNames
    .toReversed()
    .map((attributes) => attributes.map(formatAttribute).join('+'))
    .join(',');
}

function formatAttribute({ oid, text }: NameAttribute): string {
  return `${ATTRIBUTE_NAMES[oid] ?? oid}=${text === null ? NOT_TEXT : escapeValue(text)}`;
}

function escapeValue(text: string): string {
  return text
    .replace(/[\\,+"<>;=\u0000-\u001f\u007f]|[^\u0000-\u007f]+/g, hexPairs)
    .replace(/^[ #]| $/g, hexPairs);
}

function hexPairs(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex').toUpperCase().replace(/../g, '\\$&');
}
