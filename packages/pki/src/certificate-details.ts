import type { X509Certificate } from 'node:crypto';
import {
  BasicConstraints,
  type Certificate,
  ExtendedKeyUsage,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  KeyUsage,
} from '@peculiar/asn1-x509';
import type { CertificateDetails } from '@postern/contracts';
import { decodeExtension } from './certificate-der.ts';
import { keyTypeOf } from './key-type.ts';
import { shownNamesOf, textOfName } from './shown-names.ts';

const PURPOSES: Readonly<Record<string, string>> = {
  '2.5.29.37.0': 'anyExtendedKeyUsage',
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
};

/** What is public about a certificate, from its typed parts. Throws when an extension or the public key is malformed. */
export function detailsOf(certificate: Certificate, x509: X509Certificate): CertificateDetails {
  const constraints = decodeExtension(certificate, id_ce_basicConstraints, BasicConstraints);
  const usage = decodeExtension(certificate, id_ce_keyUsage, KeyUsage);
  const purposes = decodeExtension(certificate, id_ce_extKeyUsage, ExtendedKeyUsage);
  const { subject, issuer, validity } = certificate.tbsCertificate;
  const pathLength = constraints?.pathLenConstraint;
  return {
    subject: textOfName(subject),
    issuer: textOfName(issuer),
    serialNumber: x509.serialNumber,
    ...shownNamesOf(certificate),
    notBefore: validity.notBefore.getTime().toISOString(),
    notAfter: validity.notAfter.getTime().toISOString(),
    keyType: keyTypeOf(x509.publicKey),
    isCa: constraints?.cA === true,
    ...(pathLength === undefined ? {} : { pathLength }),
    keyUsage: usage?.toJSON() ?? [],
    extendedKeyUsage: [...(purposes ?? [])].map((oid) => PURPOSES[oid] ?? oid),
    fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}
