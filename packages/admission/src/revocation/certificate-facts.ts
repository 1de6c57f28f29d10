import { createHash } from 'node:crypto';
import { readCertificateFields, subjectNamesOf } from '@postern/pki/plain';
import { foldAscii } from '../ascii-fold.ts';

/** What revocations and lists name certificates by. */
export interface CertificateFacts {
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** Hex of the integer's bytes. */
  readonly serialNumber: string;
  readonly issuerKey: string;
  readonly subjectKey: string;
  /** CN and DNS names, A to Z without case. */
  readonly names: readonly string[];
  readonly isCa: boolean;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKeyDer: Buffer;
}

/** By the very buffer: paths are remembered, and reading a certificate anew costs more than all look-ups. */
const known = new WeakMap<Buffer, CertificateFacts>();

/** Reads the facts of a certificate of a valid path from its DER. */
export function factsOf(der: Buffer): CertificateFacts {
  const before = known.get(der);
  if (before !== undefined) return before;
  const fields = readCertificateFields(der);
  const { commonNames, dnsNames } = subjectNamesOf(fields);
  const facts: CertificateFacts = {
    fingerprint: createHash('sha256').update(der).digest('hex'),
    serialNumber: fields.serialNumber,
    issuerKey: fields.issuer.key,
    subjectKey: fields.subject.key,
    names: [...commonNames, ...dnsNames].map(foldAscii),
    isCa: fields.basicConstraints?.isCa === true,
    publicKeyDer: fields.publicKeyDer,
  };
  known.set(der, facts);
  return facts;
}
