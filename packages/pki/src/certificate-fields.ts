import { type DecodedExtensions, decodeExtensions, type Extension } from './certificate-extensions.ts';
import {
  contextConstructed,
  DER_TAGS,
  DerCursor,
  readBitString,
  readBoolean,
  readIntegerBytes,
  readOid,
  readSmallInteger,
  readTime,
} from './der-cursor.ts';
import { type DistinguishedName, readDistinguishedName } from './distinguished-name.ts';
import {
  type PublicKeyFields,
  readPublicKey,
  readSignatureAlgorithm,
  type SignatureFields,
} from './public-key-fields.ts';

/** Bytes. All that OpenSSL takes of a client's chain by default. */
const CERTIFICATE_BYTES_MAX = 100 * 1024;
/** More than any certificate has; each is remembered by its identifier. */
const EXTENSIONS_MAX = 64;

/** A certificate read from its DER, as far as a path depends on it. */
export interface CertificateFields extends DecodedExtensions {
  readonly der: Buffer;
  readonly version: 1 | 2 | 3;
  /** Hex of the integer's bytes. */
  readonly serialNumber: string;
  readonly signature: SignatureFields;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: PublicKeyFields;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKeyDer: Buffer;
  readonly extensions: ReadonlyMap<string, Extension>;
}

/**
 * Reads one certificate strictly from its DER (RFC 5280 section 4.1).
 *
 * Throws an Error that says what is wrong: encodings that readers resolve in their own ways, an extension that occurs twice or is
 * malformed, extensions in a certificate that is not of version 3, two signature algorithms, bytes left over. No signature is checked.
 */
export function readCertificateFields(der: Buffer): CertificateFields {
  if (der.length > CERTIFICATE_BYTES_MAX) throw new Error(`it has more than ${CERTIFICATE_BYTES_MAX} bytes`);
  const outer = new DerCursor(der);
  const certificate = outer.enter(DER_TAGS.sequence);
  outer.end();
  const fields = certificate.enter(DER_TAGS.sequence);
  const outerAlgorithm = certificate.take(DER_TAGS.sequence);
  readBitString(certificate.take(DER_TAGS.bitString));
  certificate.end();

  const version = readVersion(fields.enterIf(contextConstructed(0)));
  const serialNumber = readIntegerBytes(fields.take(DER_TAGS.integer)).toString('hex');
  const algorithm = fields.take(DER_TAGS.sequence);
  if (!algorithm.whole.equals(outerAlgorithm.whole)) throw new Error('two different signature algorithms');
  const issuer = readDistinguishedName(fields.take(DER_TAGS.sequence));
  const validity = fields.enter(DER_TAGS.sequence);
  const notBefore = readTime(validity.take());
  const notAfter = readTime(validity.take());
  validity.end();
  const subject = readDistinguishedName(fields.take(DER_TAGS.sequence));
  const key = fields.take(DER_TAGS.sequence);
  // Unique identifiers; nobody uses them.
  fields.takeIf(0x81);
  fields.takeIf(0x82);
  const extensions = readExtensions(fields.enterIf(contextConstructed(3)));
  fields.end();
  if (extensions.size > 0 && version !== 3)
    throw new Error('extensions in a certificate that is not of version 3');
  return {
    der,
    version,
    serialNumber,
    signature: readSignatureAlgorithm(algorithm),
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey: readPublicKey(key),
    publicKeyDer: key.whole,
    extensions,
    ...decodeExtensions(extensions),
  };
}

function readVersion(cursor: DerCursor | undefined): 1 | 2 | 3 {
  if (cursor === undefined) return 1;
  const value = readSmallInteger(cursor.take(DER_TAGS.integer));
  cursor.end();
  if (value > 2) throw new Error('a version that does not exist');
  return (value + 1) as 1 | 2 | 3;
}

function readExtensions(cursor: DerCursor | undefined): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  if (cursor === undefined) return extensions;
  const list = cursor.enter(DER_TAGS.sequence);
  cursor.end();
  while (!list.atEnd) {
    const fields = list.enter(DER_TAGS.sequence);
    const oid = readOid(fields.take(DER_TAGS.oid));
    const critical = fields.takeIf(DER_TAGS.boolean);
    const { content } = fields.take(DER_TAGS.octetString);
    fields.end();
    if (extensions.has(oid)) throw new Error(`extension ${oid} occurs twice`);
    if (extensions.size === EXTENSIONS_MAX) throw new Error(`more than ${EXTENSIONS_MAX} extensions`);
    // A default that is written out (FALSE) is against DER, common, and means one thing only.
    extensions.set(oid, { critical: critical !== undefined && readBoolean(critical), value: content });
  }
  return extensions;
}
