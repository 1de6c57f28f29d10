import { type Finding, LIMITS, type SecretDetails, type TrustBundle } from '@postern/contracts';
import { readCertificateFields } from './certificate-fields.ts';
import { type ParsedCertificate, parseCertificatesPem } from './certificates-pem.ts';
import { judgeKey } from './judge-key.ts';
import { errorAt, warningAt } from './place.ts';
import { subjectBytes, trustBundleOf } from './trust-bundle.ts';

/** A tls-ca secret that can be trusted: its anchors without duplicates, what is shown of it, and what is doubtful. */
export interface CaSecret {
  readonly certificates: readonly ParsedCertificate[];
  readonly details: SecretDetails;
  readonly bundle: TrustBundle;
  readonly warnings: readonly Finding[];
}

/**
 * Reads the PEM of a tls-ca secret, in which every certificate must be able to issue client certificates.
 *
 * A certificate that is no CA would make OpenSSL ignore it, or every handshake fail; it is refused here with its line.
 * `now` is milliseconds since 1970. An anchor that has expired or has a weak key is a warning, an error where no other is left.
 */
export function parseCaSecret(
  text: string,
  { pointer, now }: { pointer: string; now: number },
): { ok: true; secret: CaSecret } | { ok: false; findings: Finding[] } {
  const parsed = parseCertificatesPem(text, { pointer });
  if (!parsed.ok) return parsed;
  const errors = parsed.certificates.map(problemOfAnchor).filter((finding) => finding !== undefined);
  const { certificates, warnings } = withoutDuplicates(parsed.certificates);
  const nameBytes = certificates.reduce((sum, { der }) => sum + subjectBytes(der), 0);
  if (nameBytes > LIMITS.anchorNamesBytesMax) {
    const message = `the subject names of all CAs take ${nameBytes} bytes: at most ${LIMITS.anchorNamesBytesMax} fit a handshake`;
    errors.push(errorAt({ pointer }, 'ca_names_too_large', message, 'leave out CAs that issue no clients'));
  }
  const useless = certificates.flatMap((certificate) => whyUseless(certificate, now));
  // One of several is a bundle in rotation; where none is of use, the secret serves nobody.
  const isOfUse = new Set(useless.map(({ certificate }) => certificate)).size < certificates.length;
  for (const { certificate, code, message, hint } of useless) {
    if (isOfUse) warnings.push(warningAt(certificate.place, code, message));
    else errors.push(errorAt(certificate.place, code, message, hint));
  }
  if (errors.length > 0) return { ok: false, findings: errors };
  for (const certificate of certificates) warnings.push(...doubtsOfAnchor(certificate));
  return {
    ok: true,
    secret: {
      certificates,
      warnings,
      bundle: trustBundleOf(certificates),
      details: {
        keys: ['cert'],
        certificates: certificates.map(({ details }) => details),
        caPem: certificates.map(({ pem }) => pem).join(''),
      },
    },
  };
}

/** Why a CA admits nobody, though it may issue. */
function whyUseless(
  certificate: ParsedCertificate,
  now: number,
): { certificate: ParsedCertificate; code: string; message: string; hint: string }[] {
  const { der, details } = certificate;
  if (Date.parse(details.notAfter) <= now) {
    const message = `the CA ${details.subject} expired at ${details.notAfter}: it admits nobody`;
    const hint = 'send the renewed certificate of the CA';
    return [{ certificate, code: 'certificate_expired', message, hint }];
  }
  const { isStrong, detail } = judgeKey(readCertificateFields(der).publicKey);
  if (isStrong) return [];
  const message = `the key of the CA ${details.subject} is not accepted (${detail}): it admits nobody`;
  const hint = 'make the CA anew with RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519';
  return [{ certificate, code: 'ca_key_weak', message, hint }];
}

function problemOfAnchor(certificate: ParsedCertificate, index: number): Finding | undefined {
  const { details, place, version, x509 } = certificate;
  const which = `certificate ${index + 1} (${details.subject})`;
  if (version < 3) {
    const message = `${which} is of X.509 version 1, which cannot say that it is a CA`;
    return errorAt(place, 'ca_version', message, 'make the CA anew with basicConstraints=critical,CA:TRUE');
  }
  if (!details.isCa) {
    const message = `${which} is not a CA: it lacks basicConstraints CA:TRUE`;
    return errorAt(place, 'not_a_ca', message, 'send the certificate of the CA that issued it');
  }
  if (details.keyUsage.length > 0 && !details.keyUsage.includes('keyCertSign')) {
    const message = `${which} may not issue certificates: its keyUsage lacks keyCertSign`;
    return errorAt(place, 'ca_key_usage', message);
  }
  // The last word has the library that will check clients.
  if (!x509.ca) return errorAt(place, 'not_a_ca', `${which} is not a CA that OpenSSL would use`);
  return undefined;
}

/** What a careful CA does otherwise: the key usages that let its own certificate pass as that of a client. */
function doubtsOfAnchor({ details, place }: ParsedCertificate): Finding[] {
  const doubt = (code: string, message: string) => [
    warningAt(place, code, message, 'make CAs with keyUsage=critical,keyCertSign,cRLSign'),
  ];
  if (details.keyUsage.length === 0) {
    const message = `the CA ${details.subject} has no keyUsage: its own certificate would pass as that of a client`;
    return doubt('ca_key_usage_absent', message);
  }
  const uses = details.keyUsage.filter((use) => use === 'digitalSignature' || use === 'keyAgreement');
  if (uses.length === 0) return [];
  const message = `keyUsage of the CA ${details.subject} has ${uses.join(' and ')}: its own certificate would pass as that of a client`;
  return doubt('ca_key_usage_wide', message);
}

function withoutDuplicates(all: readonly ParsedCertificate[]): {
  certificates: ParsedCertificate[];
  warnings: Finding[];
} {
  const lines = new Map<string, number>();
  const warnings: Finding[] = [];
  const certificates = all.filter(({ details, place }) => {
    const first = lines.get(details.fingerprint);
    if (first === undefined) {
      lines.set(details.fingerprint, place.line);
      return true;
    }
    const message = `this is the certificate of line ${first} again: it is stored once`;
    warnings.push(warningAt(place, 'certificate_duplicate', message));
    return false;
  });
  return { certificates, warnings };
}
