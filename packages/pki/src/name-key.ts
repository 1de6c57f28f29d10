import { ATTRIBUTE_NAMES, foldedNameValue, nameAttributeKey } from './distinguished-name.ts';

const OIDS: ReadonlyMap<string, string> = new Map(
  Object.entries(ATTRIBUTE_NAMES).map(([oid, name]) => [name.toLowerCase(), oid]),
);
const OID = /^\d+(\.\d+)+$/;

/**
 * The key of a distinguished name that is written as text, as `DistinguishedName.key` says it of one in DER; undefined where the
 * text is no name.
 *
 * Takes what Postern and openssl print, in the certificate's order: `CN=Acme CA, O=Acme`, `CN = Acme CA, O = Acme` or
 * `/CN=Acme CA/O=Acme`, with backslash escapes (RFC 4514) or quotes in the forms with commas. Values that are not text have no such form.
 */
export function nameKeyOf(text: string): string | undefined {
  const names = text.startsWith('/') ? text.slice(1).split('/') : split(text, ',');
  const keys: string[] = [];
  for (const name of names) {
    const parts: string[] = [];
    for (const pair of text.startsWith('/') ? [name] : split(name, '+')) {
      const equals = pair.indexOf('=');
      const type = pair.slice(0, equals).trim();
      const oid = OIDS.get(type.toLowerCase()) ?? (OID.test(type) ? type : undefined);
      const value = foldedNameValue(withoutEscapes(pair.slice(equals + 1)));
      if (equals === -1 || oid === undefined || value === '') return undefined;
      parts.push(nameAttributeKey(oid, value));
    }
    keys.push(parts.toSorted().join('+'));
  }
  return keys.join('/');
}

/** Splits where the separator is neither escaped nor between quotes. */
function split(text: string, separator: string): string[] {
  const parts = [''];
  for (const [token] of text.matchAll(/\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|[\s\S]/g)) {
    if (token === separator) parts.push('');
    else parts[parts.length - 1] += token;
  }
  return parts;
}

function withoutEscapes(text: string): string {
  const quoted = /^\s*"(.*)"\s*$/s.exec(text)?.[1];
  return (quoted ?? text).replace(/\\([\s\S])/g, '$1');
}
