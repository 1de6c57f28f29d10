import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate } from '@peculiar/asn1-x509';

/**
 * Decodes exactly one DER certificate into its typed parts.
 *
 * Throws an Error that says why when it cannot: bytes after the certificate, a length that does not fit, or an
 * extension that occurs twice (RFC 5280 section 4.2), which readers might each resolve their own way.
 */
export function decodeCertificate(der: Buffer): Certificate {
  if (lengthOfDer(der) !== der.length) throw new Error('its length does not fit its bytes');
  const certificate = AsnConvert.parse(der, Certificate);
  const seen = new Set<string>();
  for (const { extnID } of certificate.tbsCertificate.extensions ?? []) {
    if (seen.has(extnID)) throw new Error(`extension ${extnID} occurs twice`);
    seen.add(extnID);
  }
  return certificate;
}

/** Bytes the outermost element takes with its header; undefined where that is not a definite-length SEQUENCE. */
function lengthOfDer(der: Buffer): number | undefined {
  const first = der[1];
  if (der[0] !== 0x30 || first === undefined) return undefined;
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  if (count === 0 || count > 4 || der.length < 2 + count) return undefined;
  return 2 + count + der.readUIntBE(2, count);
}

/** Decodes one extension of a certificate, or undefined when it is absent. Throws when it is malformed. */
export function decodeExtension<T>(
  certificate: Certificate,
  oid: string,
  schema: new () => T,
): T | undefined {
  const extension = certificate.tbsCertificate.extensions?.find(({ extnID }) => extnID === oid);
  return extension === undefined ? undefined : AsnConvert.parse(extension.extnValue.buffer, schema);
}
