import { LIMITS } from '@postern/contracts/plain';
import { formatRfc4514, readCertificateFields } from '@postern/pki/plain';
import { cutText } from './cut-text.ts';

/** What the ledger says of a certificate; all in visible ASCII. */
export interface DescribedClient {
  /** RFC 4514, cut at LIMITS.ledgerTextCharsMax. */
  readonly subject: string;
  readonly issuer: string;
  /** Hex. */
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

/** Characters. RFC 5280 allows 20 bytes; strangers send what they like. */
const SERIAL_CHARS_MAX = 128;

/** Describes a leaf; null for what cannot be read. */
export function describeClient(leafDer: Buffer): DescribedClient | null {
  try {
    const { subject, issuer, serialNumber, notAfter } = readCertificateFields(leafDer);
    return {
      subject: cutText(formatRfc4514(subject), LIMITS.ledgerTextCharsMax),
      issuer: cutText(formatRfc4514(issuer), LIMITS.ledgerTextCharsMax),
      serial: cutText(serialNumber, SERIAL_CHARS_MAX),
      notAfter,
    };
  } catch {
    return null;
  }
}
