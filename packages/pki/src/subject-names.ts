import { PosternError } from '@postern/contracts/plain';
import { type CertificateFields, readCertificateFields } from './certificate-fields.ts';
import { COMMON_NAME } from './distinguished-name.ts';
import { hasInvisible } from './escape-controls.ts';

/** The names of a certificate that matchers may compare: usable text only, in the order of the certificate. */
export interface SubjectNames {
  /** Every CN of the subject, as written. */
  readonly commonNames: readonly string[];
  /** Every dNSName, in lower case, one trailing dot dropped. */
  readonly dnsNames: readonly string[];
}

const DNS_CHARACTERS = /^[a-z0-9_*-]+(\.[a-z0-9_*-]+)*$/;
const IPV4_LIKE = /^\d+(\.\d+)*$/;

/**
 * Reads the names that identify a client from a DER certificate, by their ASN.1 types.
 *
 * The printed form of a certificate is never split: names may hold commas, newlines and NUL (CVE-2021-44531/2/3). A CN
 * with an invisible or undecodable character, and a dNSName that is no DNS name, are left out, so no matcher sees them.
 * Throws `validation_failed` for what is not one DER certificate.
 */
export function readSubjectNames(der: Buffer): SubjectNames {
  try {
    return subjectNamesOf(readCertificateFields(der));
  } catch (cause) {
    throw new PosternError('validation_failed', { detail: 'the certificate cannot be decoded', cause });
  }
}

/**
 * The comparable names of a certificate that has been read.
 *
 * `belowNameConstraints`: a CA above limits DNS names. Then only dNSNames as they stand count: OpenSSL holds neither a CN
 * beside them to the limits, nor one that is no DNS name, and takes a name with a trailing dot for another one.
 */
export function subjectNamesOf(
  { subject, alternativeNames }: CertificateFields,
  { belowNameConstraints = false } = {},
): SubjectNames {
  const written = alternativeNames.flatMap((name) => (name.type === 'dns' ? [name.text] : []));
  if (belowNameConstraints) {
    return { commonNames: [], dnsNames: comparable(written.filter((name) => !name.endsWith('.'))) };
  }
  const commonNames = subject.relativeNames
    .flat()
    .flatMap(({ oid, text }) => (oid === COMMON_NAME && text !== null ? [text] : []))
    .filter((text) => text !== '' && !hasInvisible(text));
  return { commonNames, dnsNames: comparable(written) };
}

function comparable(dnsNames: readonly string[]): string[] {
  return dnsNames
    .map((name) => name.toLowerCase().replace(/\.$/, ''))
    .filter((name) => DNS_CHARACTERS.test(name) && !IPV4_LIKE.test(name));
}
