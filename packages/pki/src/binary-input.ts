import type { Finding } from '@postern/contracts';
import { errorAt, type Place } from './place.ts';

export type PemUse = 'certificate' | 'private-key' | 'public-key' | 'crl';

const CONVERSIONS: Record<PemUse, string> = {
  certificate: 'openssl x509 -inform DER -in FILE -out FILE.pem',
  'private-key': 'openssl pkey -inform DER -in FILE -out FILE.pem',
  'public-key': 'openssl pkey -pubin -inform DER -in FILE -out FILE.pem',
  crl: 'openssl crl -inform DER -in FILE -out FILE.pem',
};

/**
 * Recognises what people send in place of PEM and names the command that converts it: DER, PKCS #12, and base64
 * without its marker lines. DER has gone through a text decoder here, so only its ASCII bytes can be relied on.
 */
export function findingOfForeignForm(text: string, use: PemUse, place: Place): Finding | undefined {
  const at = { ...place, line: 1, column: 1 };
  // 0x30 opens a SEQUENCE; a length byte of 0x80 or more is never ASCII, whatever decoder made text of it. Short keys
  // have an ASCII length byte, but go on with an INTEGER version of 0 or 1.
  if (/^0([^\u0000-\u007f]|[\s\S]\u0002\u0001[\u0000\u0001])/.test(text)) {
    if (/^0[^\u0000-\u007f][\s\S]{0,3}?\u0002\u0001\u0003/.test(text)) {
      return errorAt(
        at,
        'pem_is_pkcs12',
        'this is a PKCS #12 file, not PEM',
        'convert it: openssl pkcs12 -in FILE -nodes -out FILE.pem',
      );
    }
    return errorAt(at, 'pem_is_der', 'this is binary (DER), not PEM', `convert it: ${CONVERSIONS[use]}`);
  }
  if (/^M[A-Za-z0-9+/\s]{60,}={0,2}\s*$/.test(text)) {
    return errorAt(
      at,
      'pem_without_markers',
      'this is base64 without the -----BEGIN and -----END lines',
      `put the lines back, or convert it: base64 -d FILE > FILE.der; ${CONVERSIONS[use].replace('FILE', 'FILE.der')}`,
    );
  }
  if (text.includes('\u0000')) {
    return errorAt(
      at,
      'pem_is_binary',
      'this is binary or UTF-16, not PEM in UTF-8',
      'send the PEM text itself',
    );
  }
  return undefined;
}
