import type { RefusalReason } from '@postern/contracts';
import {
  type CertificateFields,
  EXTENSIONS,
  judgeKey,
  KEY_USAGE,
  NETSCAPE_SSL_CLIENT,
} from '@postern/pki/plain';
import type { PathCheckName } from './path-result.ts';

/** What a path is built for. */
export type Purpose = 'clientAuth' | 'serverAuth';

/** The part that a certificate has on its path; a `trusted-leaf` is leaf and anchor in one. */
export type Role = 'leaf' | 'trusted-leaf' | 'intermediate' | 'anchor';

/** A finding about one certificate; `reason` null means that it passed. */
export interface CertificateFinding {
  readonly name: PathCheckName;
  readonly reason: RefusalReason | null;
  readonly detail: string;
}

const PURPOSES = {
  clientAuth: { oid: '1.3.6.1.5.5.7.3.2', keyUsage: KEY_USAGE.digitalSignature | KEY_USAGE.keyAgreement },
  serverAuth: {
    oid: '1.3.6.1.5.5.7.3.1',
    keyUsage: KEY_USAGE.digitalSignature | KEY_USAGE.keyAgreement | KEY_USAGE.keyEncipherment,
  },
} as const;

const STRONG_HASHES: ReadonlySet<string> = new Set(['SHA-224', 'SHA-256', 'SHA-384', 'SHA-512']);

/**
 * Extensions whose meaning is followed here. Policies decide nothing while no policy is demanded (RFC 5280 section 6.1),
 * which policyConstraints would do: it is not in the list.
 */
const PROCESSED: ReadonlySet<string> = new Set([
  EXTENSIONS.basicConstraints,
  EXTENSIONS.keyUsage,
  EXTENSIONS.extendedKeyUsage,
  EXTENSIONS.subjectAltName,
  EXTENSIONS.nameConstraints,
  EXTENSIONS.certificatePolicies,
  EXTENSIONS.policyMappings,
  EXTENSIONS.inhibitAnyPolicy,
  EXTENSIONS.netscapeCertType,
]);

/** Looks at all that a certificate must fulfil by itself in its role; `now` in milliseconds since 1970. */
export function checkCertificate(
  fields: CertificateFields,
  role: Role,
  { now, purpose }: { readonly now: number; readonly purpose: Purpose },
): CertificateFinding[] {
  const isLeaf = role === 'leaf' || role === 'trusted-leaf';
  const isTrusted = role === 'anchor' || role === 'trusted-leaf';
  return [
    checkValidity(fields, now),
    ...(isLeaf ? (role === 'leaf' ? [checkLeafIsNoCa(fields)] : []) : [checkIsCa(fields)]),
    isLeaf ? checkLeafKeyUsage(fields, purpose) : checkIssuerKeyUsage(fields),
    checkExtendedKeyUsage(fields, purpose),
    checkCriticalExtensions(fields),
    checkKeyStrength(fields),
    // The signature of an anchor vouches for nothing.
    ...(isTrusted ? [] : [checkSignatureStrength(fields)]),
  ];
}

function checkValidity({ notBefore, notAfter }: CertificateFields, now: number): CertificateFinding {
  if (now < notBefore)
    return failed('validity', 'certificate_not_yet_valid', `valid only from ${isoOf(notBefore)}`);
  if (now >= notAfter) return failed('validity', 'certificate_expired', `expired at ${isoOf(notAfter)}`);
  return passed('validity', `until ${isoOf(notAfter)}`);
}

function checkIsCa({ version, basicConstraints }: CertificateFields): CertificateFinding {
  if (version !== 3) {
    return failed('is_ca', 'certificate_invalid', `X.509 version ${version} cannot say that it is a CA`);
  }
  if (basicConstraints?.isCa !== true) {
    return failed('is_ca', 'certificate_invalid', 'not a CA: basicConstraints does not say CA:TRUE');
  }
  return passed('is_ca', 'basicConstraints CA:TRUE');
}

function checkLeafIsNoCa({ basicConstraints }: CertificateFields): CertificateFinding {
  return basicConstraints?.isCa === true
    ? failed('leaf_is_no_ca', 'certificate_invalid', 'the certificate of a CA does not identify a client')
    : passed('leaf_is_no_ca', 'no CA');
}

function checkLeafKeyUsage(
  { keyUsage, netscapeCertType }: CertificateFields,
  purpose: Purpose,
): CertificateFinding {
  if (keyUsage !== null && (keyUsage & PURPOSES[purpose].keyUsage) === 0) {
    return failed(
      'key_usage',
      'certificate_purpose',
      'keyUsage allows neither digitalSignature nor keyAgreement',
    );
  }
  if (
    purpose === 'clientAuth' &&
    netscapeCertType !== null &&
    (netscapeCertType & NETSCAPE_SSL_CLIENT) === 0
  ) {
    return failed(
      'key_usage',
      'certificate_purpose',
      'the Netscape certificate type does not allow SSL clients',
    );
  }
  return passed('key_usage', keyUsage === null ? 'no keyUsage: any use' : 'allows signing a handshake');
}

function checkIssuerKeyUsage({ keyUsage }: CertificateFields): CertificateFinding {
  if (keyUsage === null) return passed('key_usage', 'no keyUsage: any use');
  return (keyUsage & KEY_USAGE.keyCertSign) === 0
    ? failed('key_usage', 'certificate_invalid', 'keyUsage does not allow keyCertSign')
    : passed('key_usage', 'keyCertSign');
}

function checkExtendedKeyUsage(
  { extendedKeyUsage }: CertificateFields,
  purpose: Purpose,
): CertificateFinding {
  if (extendedKeyUsage === null) return passed('extended_key_usage', 'no extendedKeyUsage: any purpose');
  return extendedKeyUsage.includes(PURPOSES[purpose].oid)
    ? passed('extended_key_usage', purpose)
    : failed('extended_key_usage', 'certificate_purpose', `extendedKeyUsage does not name ${purpose}`);
}

function checkCriticalExtensions({ extensions }: CertificateFields): CertificateFinding {
  for (const [oid, { critical }] of extensions) {
    if (critical && !PROCESSED.has(oid)) {
      return failed(
        'critical_extensions',
        'certificate_invalid',
        `extension ${oid} is critical and not known here`,
      );
    }
  }
  return passed('critical_extensions', 'all processed');
}

function checkKeyStrength({ publicKey }: CertificateFields): CertificateFinding {
  const { isStrong, detail } = judgeKey(publicKey);
  return isStrong ? passed('key_strength', detail) : failed('key_strength', 'certificate_weak', detail);
}

function checkSignatureStrength({ signature }: CertificateFields): CertificateFinding {
  const { oid, scheme, hash } = signature;
  if (scheme === 'eddsa') return passed('signature_strength', 'EdDSA');
  if (scheme === 'dsa') return failed('signature_strength', 'certificate_weak', 'signed with DSA');
  if (scheme === 'unknown' || hash === null || !STRONG_HASHES.has(hash)) {
    return failed('signature_strength', 'certificate_weak', `signed with ${hash ?? `the algorithm ${oid}`}`);
  }
  return passed('signature_strength', hash);
}

function passed(name: PathCheckName, detail: string): CertificateFinding {
  return { name, reason: null, detail };
}

function failed(name: PathCheckName, reason: RefusalReason, detail: string): CertificateFinding {
  return { name, reason, detail };
}

/** Years beyond 9999 have no ISO form of four digits, and DER has no way to write them. */
function isoOf(time: number): string {
  return new Date(time).toISOString();
}
