import { DER_TAGS, DerCursor, type DerElement, readOid } from './der-cursor.ts';
import { type DistinguishedName, readDistinguishedName } from './distinguished-name.ts';

/** One name of a subjectAltName or of a name constraint, by its type (RFC 5280 section 4.2.1.6). */
export type GeneralName =
  | { readonly type: 'dns' | 'email' | 'uri'; readonly text: string }
  /** In a certificate 4 or 16 bytes, in a constraint 8 or 32: address, then mask. */
  | { readonly type: 'ip'; readonly bytes: Buffer }
  | { readonly type: 'directory'; readonly name: DistinguishedName }
  /** otherName, x400Address, ediPartyName, registeredID. `oid` is that of an otherName. */
  | { readonly type: 'other'; readonly tag: number; readonly oid: string | null };

/** Reads a GeneralName. Text is taken byte by byte: a character above U+007F is one that IA5String does not have. */
export function readGeneralName(element: DerElement): GeneralName {
  const { tag, content } = element;
  switch (tag) {
    case 0x81:
      return { type: 'email', text: content.toString('latin1') };
    case 0x82:
      return { type: 'dns', text: content.toString('latin1') };
    case 0x86:
      return { type: 'uri', text: content.toString('latin1') };
    case 0x87:
      return { type: 'ip', bytes: content };
    case 0xa4: {
      const explicit = new DerCursor(content);
      const name = readDistinguishedName(explicit.take(DER_TAGS.sequence));
      explicit.end();
      return { type: 'directory', name };
    }
    case 0xa0:
      return { type: 'other', tag, oid: readOid(new DerCursor(content).take(DER_TAGS.oid)) };
    case 0xa3:
    case 0xa5:
    case 0x88:
      return { type: 'other', tag, oid: null };
    default:
      throw new Error('a general name of no known type');
  }
}

/** Reads GeneralNames, of which there is at least one. */
export function readGeneralNames(cursor: DerCursor): GeneralName[] {
  const names: GeneralName[] = [];
  do names.push(readGeneralName(cursor.take()));
  while (!cursor.atEnd);
  return names;
}
