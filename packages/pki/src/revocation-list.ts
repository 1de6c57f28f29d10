import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type AuthorityKeyId, EXTENSIONS } from './certificate-extensions.ts';
import {
  contextConstructed,
  contextPrimitive,
  DER_TAGS,
  DerCursor,
  type DerElement,
  readBitString,
  readBoolean,
  readIntegerBytes,
  readOid,
  readSmallInteger,
  readTime,
} from './der-cursor.ts';
import { type DistinguishedName, readDistinguishedName } from './distinguished-name.ts';
import { endOfPlainEntry } from './plain-entry.ts';
import { readSignatureAlgorithm, type SignatureFields } from './public-key-fields.ts';
import { SerialIndex } from './serial-index.ts';

/** Bytes of a list. A million entries with reasons take about 40 MB. */
export const REVOCATION_LIST_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes of the content of a serial number; RFC 5280 section 4.1.2.2 allows 20 and its sign. */
const SERIAL_BYTES_MAX = 32;
/** Bytes that the shortest entry takes: a serial number of one byte and a UTCTime. */
const ENTRY_BYTES_MIN = 20;

const CRL_EXTENSIONS = {
  crlNumber: '2.5.29.20',
  deltaCrlIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
} as const;
const ENTRY_EXTENSIONS = { reasonCode: '2.5.29.21', certificateIssuer: '2.5.29.29' } as const;
/** removeFromCRL takes an entry back, which only a delta may do. */
const REMOVE_FROM_CRL = 8;

/** A certificate revocation list as RFC 5280 section 5 defines it, whole (no delta) and of one issuer (not indirect). */
export interface RevocationList {
  readonly issuer: DistinguishedName;
  /** Hex; null where the list does not say which key signed it. */
  readonly authorityKeyId: string | null;
  /** Milliseconds since 1970. */
  readonly thisUpdate: number;
  /** Milliseconds since 1970; null where the issuer promises no time, so that the list never becomes stale. */
  readonly nextUpdate: number | null;
  /** Hex of the integer's bytes; null where the list has no number. */
  readonly crlNumber: string | null;
  /** What the list speaks of: all certificates of the issuer, or only those of one kind. */
  readonly scope: 'all' | 'user' | 'ca';
  readonly signature: SignatureFields;
  readonly size: number;
  /** True where the serial number (hex, as in `CertificateFields`) is on the list. */
  has(serialNumber: string): boolean;
  /** True where this key (DER of a SubjectPublicKeyInfo) signed the list. */
  isSignedBy(publicKeyDer: Buffer): boolean;
}

/**
 * Reads a certificate revocation list strictly from its DER. No signature is checked: see `isSignedBy`.
 *
 * Throws an Error that says what is wrong: encodings that readers resolve in their own ways, a delta or indirect list, a list for some
 * reasons only, a critical extension that is not understood, more than REVOCATION_LIST_BYTES_MAX bytes.
 */
export function readRevocationList(der: Buffer): RevocationList {
  if (der.length > REVOCATION_LIST_BYTES_MAX)
    throw new Error(`it has more than ${REVOCATION_LIST_BYTES_MAX} bytes`);
  const outer = new DerCursor(der);
  const list = outer.enter(DER_TAGS.sequence);
  outer.end();
  const signed = list.take(DER_TAGS.sequence);
  const outerAlgorithm = list.take(DER_TAGS.sequence);
  const { bytes: signatureBytes } = readBitString(list.take(DER_TAGS.bitString));
  list.end();

  const fields = new DerCursor(signed.content);
  const version = fields.takeIf(DER_TAGS.integer);
  if (version !== undefined && readSmallInteger(version) !== 1)
    throw new Error('a version that does not exist');
  const algorithm = fields.take(DER_TAGS.sequence);
  if (!algorithm.whole.equals(outerAlgorithm.whole)) throw new Error('two different signature algorithms');
  const issuer = readDistinguishedName(fields.take(DER_TAGS.sequence));
  const thisUpdate = readTime(fields.take());
  const nextUpdate = fields.takeIf(DER_TAGS.utcTime) ?? fields.takeIf(DER_TAGS.generalizedTime);
  const entries = fields.takeIf(DER_TAGS.sequence);
  const extensions = readListExtensions(fields.enterIf(contextConstructed(0)), version !== undefined);
  fields.end();
  const serials = readEntries(entries, version !== undefined);
  const signature = readSignatureAlgorithm(algorithm);
  return {
    issuer,
    thisUpdate,
    nextUpdate: nextUpdate === undefined ? null : readTime(nextUpdate),
    ...extensions,
    signature,
    size: serials.size,
    has: (serialNumber) => serials.has(Buffer.from(serialNumber, 'hex')),
    isSignedBy: (publicKeyDer) => isSigned(signed.whole, signatureBytes, signature, publicKeyDer),
  };
}

function readEntries(entries: DerElement | undefined, hasExtensions: boolean): SerialIndex {
  const content = entries?.content ?? Buffer.alloc(0);
  const serials = new SerialIndex(content, Math.ceil(content.length / ENTRY_BYTES_MIN));
  for (let at = 0; at < content.length; ) {
    const end = endOfPlainEntry(content, at, hasExtensions);
    if (end !== -1) {
      // Tag and length of the entry, tag of the serial number, then its length.
      serials.add(at + 3);
      at = end;
      continue;
    }
    const cursor = new DerCursor(content.subarray(at));
    const entry = cursor.take(DER_TAGS.sequence);
    serials.add(readEntry(entry.content, hasExtensions) - content.byteOffset);
    at += entry.whole.length;
  }
  return serials;
}

/** Checks an entry of whatever form; gives the place of the length of its serial number in memory. */
function readEntry(content: Buffer, hasExtensions: boolean): number {
  const entry = new DerCursor(content);
  const serial = entry.take(DER_TAGS.integer);
  const bytes = readIntegerBytes(serial);
  if (bytes.length > SERIAL_BYTES_MAX) throw new Error('a serial number that is too long');
  readTime(entry.take());
  const extensions = entry.takeIf(DER_TAGS.sequence);
  entry.end();
  if (extensions !== undefined) {
    if (!hasExtensions) throw new Error('extensions in a list that is not of version 2');
    readEntryExtensions(new DerCursor(extensions.content));
  }
  // Its length is one byte, right before the content.
  return bytes.byteOffset - 1;
}

function readEntryExtensions(list: DerCursor): void {
  for (const { oid, critical, value } of eachExtension(list)) {
    if (oid === ENTRY_EXTENSIONS.certificateIssuer)
      throw new Error('an indirect list: an entry is of another issuer');
    if (oid === ENTRY_EXTENSIONS.reasonCode) {
      const cursor = new DerCursor(value);
      const { content } = cursor.take(0x0a);
      cursor.end();
      if (content.length === 1 && content[0] === REMOVE_FROM_CRL)
        throw new Error('an entry that takes another one back: only a delta list may hold it');
    } else if (critical)
      throw new Error(`an entry with the critical extension ${oid}, which is not understood`);
  }
}

function readListExtensions(
  wrapper: DerCursor | undefined,
  isVersion2: boolean,
): Pick<RevocationList, 'authorityKeyId' | 'crlNumber' | 'scope'> {
  let authorityKeyId: AuthorityKeyId['keyId'] = null;
  let crlNumber: string | null = null;
  let scope: RevocationList['scope'] = 'all';
  if (wrapper === undefined) return { authorityKeyId, crlNumber, scope };
  if (!isVersion2) throw new Error('extensions in a list that is not of version 2');
  const list = wrapper.enter(DER_TAGS.sequence);
  wrapper.end();
  for (const { oid, critical, value } of eachExtension(list)) {
    switch (oid) {
      case EXTENSIONS.authorityKeyIdentifier:
        authorityKeyId =
          new DerCursor(value)
            .enter(DER_TAGS.sequence)
            .takeIf(contextPrimitive(0))
            ?.content.toString('hex') ?? null;
        break;
      case CRL_EXTENSIONS.crlNumber:
        crlNumber = readIntegerBytes(new DerCursor(value).take(DER_TAGS.integer)).toString('hex');
        break;
      case CRL_EXTENSIONS.deltaCrlIndicator:
        throw new Error('a delta list: only whole lists are used');
      case CRL_EXTENSIONS.issuingDistributionPoint:
        scope = readScope(new DerCursor(value).enter(DER_TAGS.sequence));
        break;
      default:
        if (critical) throw new Error(`the critical extension ${oid}, which is not understood`);
    }
  }
  return { authorityKeyId, crlNumber, scope };
}

/** RFC 5280 section 5.2.5. Where the list is to be found does not matter: it was given to us. */
function readScope(point: DerCursor): RevocationList['scope'] {
  point.takeIf(contextConstructed(0));
  const isUser = readFlag(point, 1);
  const isCa = readFlag(point, 2);
  if (point.takeIf(contextPrimitive(3)) !== undefined) throw new Error('a list for some reasons only');
  if (readFlag(point, 4)) throw new Error('an indirect list: it speaks of other issuers');
  if (readFlag(point, 5)) throw new Error('a list of attribute certificates');
  point.end();
  if (isUser && isCa) throw new Error('a list of two scopes that exclude each other');
  return isUser ? 'user' : isCa ? 'ca' : 'all';
}

function readFlag(cursor: DerCursor, number: number): boolean {
  const element = cursor.takeIf(contextPrimitive(number));
  return element !== undefined && readBoolean(element);
}

function* eachExtension(list: DerCursor): Generator<{ oid: string; critical: boolean; value: Buffer }> {
  const seen = new Set<string>();
  while (!list.atEnd) {
    const fields = list.enter(DER_TAGS.sequence);
    const oid = readOid(fields.take(DER_TAGS.oid));
    const critical = fields.takeIf(DER_TAGS.boolean);
    const { content } = fields.take(DER_TAGS.octetString);
    fields.end();
    if (seen.has(oid)) throw new Error(`extension ${oid} occurs twice`);
    seen.add(oid);
    yield { oid, critical: critical !== undefined && readBoolean(critical), value: content };
  }
}

const DIGESTS: Readonly<Record<string, string>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};
const RSA_PSS = '1.2.840.113549.1.1.10';

/** Signatures over SHA-1, MD5 or SHA-224, and DSA, count as none. */
function isSigned(signed: Buffer, bytes: Buffer, signature: SignatureFields, publicKeyDer: Buffer): boolean {
  const digest = signature.hash === null ? null : DIGESTS[signature.hash];
  if (digest === undefined || signature.scheme === 'dsa' || signature.scheme === 'unknown') return false;
  try {
    const key: KeyObject = createPublicKey({ key: publicKeyDer, format: 'der', type: 'spki' });
    if (!keyFits(key, signature.scheme)) return false;
    const padding =
      signature.scheme === 'rsa'
        ? signature.oid === RSA_PSS
          ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
          : { padding: constants.RSA_PKCS1_PADDING }
        : {};
    return verify(digest, signed, { key, ...padding }, bytes);
  } catch {
    return false;
  }
}

function keyFits(key: KeyObject, scheme: SignatureFields['scheme']): boolean {
  const type = key.asymmetricKeyType ?? '';
  if (scheme === 'rsa') return type === 'rsa' || type === 'rsa-pss';
  return scheme === 'ecdsa' ? type === 'ec' : type === 'ed25519' || type === 'ed448';
}
