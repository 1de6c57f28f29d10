import { X509Certificate } from 'node:crypto';
import { type CertificateDetails, type Finding, LIMITS } from '@postern/contracts';
import { decodeCertificate } from './certificate-der.ts';
import { detailsOf } from './certificate-details.ts';
import { readCertificateFields } from './certificate-fields.ts';
import { type PemBlock, readPemBlocks, writePem } from './pem-blocks.ts';
import { errorAt, type Place } from './place.ts';
import { type SubjectNames, subjectNamesOf } from './subject-names.ts';

/** One certificate of a PEM file, read whole. */
export interface ParsedCertificate {
  readonly der: Buffer;
  /** The certificate alone, written anew from its DER. */
  readonly pem: string;
  readonly details: CertificateDetails;
  readonly names: SubjectNames;
  /** 1 or 3 (RFC 5280 section 4.1.2.1). */
  readonly version: number;
  readonly x509: X509Certificate;
  /** Where its BEGIN line stands. */
  readonly place: Required<Place>;
}

const LABELS = new Set(['CERTIFICATE', 'X509 CERTIFICATE']);

/**
 * Reads every certificate of a PEM file, or gives every reason why not, each with line and column.
 *
 * At least one and at most LIMITS.anchorsMax certificates; blocks of any other type are refused, only `EC PARAMETERS`
 * (which openssl writes beside keys) is passed over.
 */
export function parseCertificatesPem(
  text: string,
  { pointer }: { pointer: string },
): { ok: true; certificates: ParsedCertificate[] } | { ok: false; findings: Finding[] } {
  const { blocks, findings } = readPemBlocks(text, { pointer, use: 'certificate' });
  const wanted = blocks.filter((block) => LABELS.has(block.label));
  for (const block of blocks) {
    if (!LABELS.has(block.label) && block.label !== 'EC PARAMETERS') findings.push(foreignBlock(block));
  }
  if (wanted.length > LIMITS.anchorsMax) {
    const message = `${wanted.length} certificates are too many: at most ${LIMITS.anchorsMax}`;
    return { ok: false, findings: [...findings, errorAt({ pointer }, 'too_many_certificates', message)] };
  }
  const certificates: ParsedCertificate[] = [];
  for (const block of wanted) {
    const result = parseCertificate(block);
    if ('certificate' in result) certificates.push(result.certificate);
    else findings.push(result.finding);
  }
  if (certificates.length === 0 && findings.length === 0) {
    findings.push(errorAt({ pointer }, 'no_certificate', 'the file holds no CERTIFICATE block'));
  }
  return findings.length > 0 ? { ok: false, findings: inOrder(findings) } : { ok: true, certificates };
}

function inOrder(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function parseCertificate(block: PemBlock): { certificate: ParsedCertificate } | { finding: Finding } {
  try {
    const x509 = new X509Certificate(block.der);
    const decoded = decodeCertificate(block.der);
    return {
      certificate: {
        der: block.der,
        pem: writePem('CERTIFICATE', block.der),
        details: detailsOf(decoded, x509),
        names: subjectNamesOf(readCertificateFields(block.der)),
        version: decoded.tbsCertificate.version + 1,
        x509,
        place: block.place,
      },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    const message = `the certificate begun here cannot be decoded (${reason})`;
    return { finding: errorAt(block.place, 'certificate_undecodable', message) };
  }
}

function foreignBlock(block: PemBlock): Finding {
  if (block.label.endsWith('PRIVATE KEY')) {
    const message = 'a private key does not belong among certificates';
    return errorAt(block.place, 'private_key_here', message, 'remove the block, and keep the key secret');
  }
  const hints: Readonly<Record<string, string>> = {
    'TRUSTED CERTIFICATE': 'convert it: openssl x509 -in FILE -out FILE.pem',
    'CERTIFICATE REQUEST': 'a request is not yet a certificate: have a CA sign it',
    'NEW CERTIFICATE REQUEST': 'a request is not yet a certificate: have a CA sign it',
    PKCS7: 'convert it: openssl pkcs7 -in FILE -print_certs -out FILE.pem',
  };
  const message = `a block of type ${block.label} does not belong among certificates`;
  return errorAt(block.place, 'pem_foreign_block', message, hints[block.label]);
}
