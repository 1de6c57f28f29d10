import { type Finding, LIMITS, type SecretDetails, type TrustBundle } from '@postern/contracts';
import { type ParsedCertificate, parseCertificatesPem } from './certificates-pem.ts';
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
 * `now` is milliseconds since 1970 and tells expired anchors: a warning each, an error where all have expired.
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
  const expired = certificates.filter(({ details }) => Date.parse(details.notAfter) <= now);
  for (const { details, place } of expired) {
    const message = `the CA ${details.subject} expired at ${details.notAfter}: it admits nobody`;
    // One of several is a bundle in rotation; where all have, the secret serves nobody.
    if (expired.length < certificates.length) warnings.push(warningAt(place, 'certificate_expired', message));
    else
      errors.push(errorAt(place, 'certificate_expired', message, 'send the renewed certificate of the CA'));
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
