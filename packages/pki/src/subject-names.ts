import {
  type Certificate,
  type GeneralName,
  id_ce_subjectAltName,
  type Name,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509';
import { PosternError } from '@postern/contracts';
import { decodeExtension } from './certificate-der.ts';
import { type CertificateFields, readCertificateFields } from './certificate-fields.ts';
import { COMMON_NAME } from './distinguished-name.ts';
import { escapeControls, hasInvisible } from './escape-controls.ts';

/** The names of a certificate that matchers may compare: usable text only, in the order of the certificate. */
export interface SubjectNames {
  /** Every CN of the subject, as written. */
  readonly commonNames: readonly string[];
  /** Every dNSName, in lower case, one trailing dot dropped. */
  readonly dnsNames: readonly string[];
}

/** All names of a certificate for showing, by kind, with invisible characters escaped. */
export interface ShownNames {
  readonly dnsNames: string[];
  readonly ipAddresses: string[];
  readonly otherNames: string[];
}

const DNS_CHARACTERS = /^[a-z0-9_*-]+(\.[a-z0-9_*-]+)*$/;
const IPV4_LIKE = /^\d+(\.\d+)*$/;

const ATTRIBUTE_NAMES: Readonly<Record<string, string>> = {
  [COMMON_NAME]: 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
};

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

/** Every subjectAltName entry of a decoded certificate, as text to show. */
export function shownNamesOf(certificate: Certificate): ShownNames {
  const shown: ShownNames = { dnsNames: [], ipAddresses: [], otherNames: [] };
  for (const name of alternativeNames(certificate)) {
    if (name.dNSName !== undefined) shown.dnsNames.push(escapeControls(name.dNSName));
    else if (name.iPAddress !== undefined) shown.ipAddresses.push(escapeControls(name.iPAddress));
    else shown.otherNames.push(escapeControls(textOfOtherName(name)));
  }
  return shown;
}

/** A distinguished name on one line, in the certificate's order, separators inside values escaped (RFC 4514 section 2.4). */
export function textOfName(name: Name): string {
  return [...name]
    .map((rdn) =>
      [...rdn]
        .map((attribute) => {
          const raw = attribute.value.anyValue;
          const text =
            raw === undefined ? attribute.value.toString() : `#${Buffer.from(raw).toString('hex')}`;
          const escaped = text.replace(/[\\,+"<>;=]/g, '\\$&');
          return `${ATTRIBUTE_NAMES[attribute.type] ?? attribute.type}=${escapeControls(escaped)}`;
        })
        .join('+'),
    )
    .join(', ');
}

function alternativeNames(certificate: Certificate): GeneralName[] {
  return [...(decodeExtension(certificate, id_ce_subjectAltName, SubjectAlternativeName) ?? [])];
}

function textOfOtherName(name: GeneralName): string {
  if (name.rfc822Name !== undefined) return `email:${name.rfc822Name}`;
  if (name.uniformResourceIdentifier !== undefined) return `URI:${name.uniformResourceIdentifier}`;
  if (name.directoryName !== undefined) return `dirName:${textOfName(name.directoryName)}`;
  if (name.registeredID !== undefined) return `registeredID:${name.registeredID}`;
  if (name.otherName !== undefined) return `otherName:${name.otherName.typeId}`;
  return 'otherName';
}
