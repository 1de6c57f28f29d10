import {
  contextConstructed,
  contextPrimitive,
  DER_TAGS,
  DerCursor,
  readBoolean,
  readNamedBits,
  readOid,
  readSmallInteger,
} from './der-cursor.ts';
import { type GeneralName, readGeneralName, readGeneralNames } from './general-name.ts';

export const EXTENSIONS = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  inhibitAnyPolicy: '2.5.29.54',
  netscapeCertType: '2.16.840.1.113730.1.1',
} as const;

/** Bits of keyUsage (RFC 5280 section 4.2.1.3) and of Netscape's certificate type that count here, bit 0 as 0x80. */
export const KEY_USAGE = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  keyAgreement: 0x08,
  keyCertSign: 0x04,
  cRLSign: 0x02,
} as const;
export const NETSCAPE_SSL_CLIENT = 0x80;

export interface Extension {
  readonly critical: boolean;
  readonly value: Buffer;
}

/** A name that bounds those of every certificate below. `hasDistance`: minimum or maximum is set, which RFC 5280 forbids. */
export interface Subtree {
  readonly base: GeneralName;
  readonly hasDistance: boolean;
}

/** What the extensions of a certificate say, as far as a path depends on it; null or empty where one is absent. */
export interface DecodedExtensions {
  readonly basicConstraints: { readonly isCa: boolean; readonly pathLength: number | null } | null;
  readonly keyUsage: number | null;
  readonly extendedKeyUsage: readonly string[] | null;
  readonly alternativeNames: readonly GeneralName[];
  readonly nameConstraints: {
    readonly permitted: readonly Subtree[];
    readonly excluded: readonly Subtree[];
  } | null;
  /** Hex. */
  readonly subjectKeyId: string | null;
  readonly authorityKeyId: AuthorityKeyId | null;
  readonly netscapeCertType: number | null;
}

/** Which key signed: its identifier (hex), and the serial number (hex) and issuer of the certificate it stands in. */
export interface AuthorityKeyId {
  readonly keyId: string | null;
  readonly serialNumber: string | null;
  /** Keys of the directory names given as the issuer. */
  readonly issuerKeys: readonly string[];
}

/** Decodes every extension that a path depends on. Throws an Error where one is malformed. */
export function decodeExtensions(extensions: ReadonlyMap<string, Extension>): DecodedExtensions {
  const decode = <T>(oid: string, read: (cursor: DerCursor) => T): T | null => {
    const extension = extensions.get(oid);
    if (extension === undefined) return null;
    const cursor = new DerCursor(extension.value);
    try {
      const value = read(cursor);
      cursor.end();
      return value;
    } catch (cause) {
      throw new Error(`extension ${oid}: ${cause instanceof Error ? cause.message : 'malformed'}`, { cause });
    }
  };
  return {
    basicConstraints: decode(EXTENSIONS.basicConstraints, readBasicConstraints),
    keyUsage: decode(EXTENSIONS.keyUsage, (cursor) => readNamedBits(cursor.take(DER_TAGS.bitString))),
    extendedKeyUsage: decode(EXTENSIONS.extendedKeyUsage, readPurposes),
    alternativeNames:
      decode(EXTENSIONS.subjectAltName, (cursor) => readGeneralNames(cursor.enter(DER_TAGS.sequence))) ?? [],
    nameConstraints: decode(EXTENSIONS.nameConstraints, readNameConstraints),
    subjectKeyId: decode(EXTENSIONS.subjectKeyIdentifier, (cursor) =>
      cursor.take(DER_TAGS.octetString).content.toString('hex'),
    ),
    authorityKeyId: decode(EXTENSIONS.authorityKeyIdentifier, readAuthorityKeyId),
    netscapeCertType: decode(EXTENSIONS.netscapeCertType, (cursor) =>
      readNamedBits(cursor.take(DER_TAGS.bitString)),
    ),
  };
}

function readBasicConstraints(cursor: DerCursor): { isCa: boolean; pathLength: number | null } {
  const fields = cursor.enter(DER_TAGS.sequence);
  const ca = fields.takeIf(DER_TAGS.boolean);
  const isCa = ca !== undefined && readBoolean(ca);
  const length = fields.takeIf(DER_TAGS.integer);
  fields.end();
  if (length !== undefined && !isCa) throw new Error('a path length without CA');
  return { isCa, pathLength: length === undefined ? null : readSmallInteger(length) };
}

function readPurposes(cursor: DerCursor): string[] {
  const list = cursor.enter(DER_TAGS.sequence);
  const purposes: string[] = [];
  do purposes.push(readOid(list.take(DER_TAGS.oid)));
  while (!list.atEnd);
  return purposes;
}

function readNameConstraints(cursor: DerCursor): { permitted: Subtree[]; excluded: Subtree[] } {
  const fields = cursor.enter(DER_TAGS.sequence);
  const permitted = fields.enterIf(contextConstructed(0));
  const excluded = fields.enterIf(contextConstructed(1));
  fields.end();
  if (permitted === undefined && excluded === undefined)
    throw new Error('neither permitted nor excluded names');
  return { permitted: readSubtrees(permitted), excluded: readSubtrees(excluded) };
}

function readSubtrees(cursor: DerCursor | undefined): Subtree[] {
  const subtrees: Subtree[] = [];
  if (cursor === undefined) return subtrees;
  do {
    const fields = cursor.enter(DER_TAGS.sequence);
    const base = readGeneralName(fields.take());
    const minimum = fields.takeIf(contextPrimitive(0));
    const hasDistance = (minimum !== undefined && readSmallInteger(minimum) !== 0) || !fields.atEnd;
    subtrees.push({ base, hasDistance });
  } while (!cursor.atEnd);
  return subtrees;
}

function readAuthorityKeyId(cursor: DerCursor): AuthorityKeyId {
  const fields = cursor.enter(DER_TAGS.sequence);
  const keyId = fields.takeIf(contextPrimitive(0));
  const issuer = fields.enterIf(contextConstructed(1));
  const serial = fields.takeIf(contextPrimitive(2));
  fields.end();
  const names = issuer === undefined ? [] : readGeneralNames(issuer);
  return {
    keyId: keyId?.content.toString('hex') ?? null,
    serialNumber: serial?.content.toString('hex') ?? null,
    issuerKeys: names.flatMap((name) => (name.type === 'directory' ? [name.name.key] : [])),
  };
}
