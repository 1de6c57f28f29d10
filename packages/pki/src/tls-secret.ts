import type { KeyObject } from 'node:crypto';
import { type CertificateDocument, type Finding, LIMITS, type SecretDetails } from '@postern/contracts';
import { orderChain } from './certificate-chain.ts';
import { type ParsedCertificate, parseCertificatesPem } from './certificates-pem.ts';
import { problemOfKey } from './key-type.ts';
import { errorAt, warningAt } from './place.ts';
import { parsePrivateKeyPem } from './private-key-pem.ts';

/** What a feed document says of a certificate, all but its sealed key. */
export type CertificateFacts = Omit<CertificateDocument, 'sealedKey'>;

/** A tls secret that can be served: chain in order, key in PKCS #8, what is shown of it, and what is doubtful. */
export interface TlsSecret {
  readonly facts: CertificateFacts;
  /** PEM, PKCS #8, unencrypted: seal it before it is stored. */
  readonly keyPem: string;
  readonly details: SecretDetails;
  /** Leaf first. */
  readonly chain: readonly ParsedCertificate[];
  readonly warnings: readonly Finding[];
}

/**
 * Reads the parts of a tls secret: a certificate chain in any order, its private key, and more of the chain in `ca`.
 *
 * The key must fit one certificate. Pointers are `/cert`, `/key`, `/ca`. `now` is milliseconds since 1970; a leaf outside
 * its validity, or certificates that are not on the leaf's path, are warnings.
 */
export function parseTlsSecret(
  input: { readonly cert: string; readonly key: string; readonly ca?: string | undefined },
  now: number,
): { ok: true; secret: TlsSecret } | { ok: false; findings: Finding[] } {
  const cert = parseCertificatesPem(input.cert, { pointer: '/cert' });
  const key = parsePrivateKeyPem(input.key, { pointer: '/key' });
  const ca = input.ca === undefined ? undefined : parseCertificatesPem(input.ca, { pointer: '/ca' });
  if (!cert.ok || !key.ok || ca?.ok === false) {
    return {
      ok: false,
      findings: [cert, key, ca].flatMap((part) => (part?.ok === false ? part.findings : [])),
    };
  }
  const ordered = orderChain(key.key, cert.certificates);
  const findings = ordered === undefined ? [keyMismatch(key.key, cert.certificates)] : [];
  const full = orderChain(key.key, [...cert.certificates, ...(ca?.certificates ?? [])]);
  if (full !== undefined && full.chain.length > LIMITS.chainCertificatesMax) {
    const message = `the chain has ${full.chain.length} certificates: at most ${LIMITS.chainCertificatesMax}`;
    findings.push(errorAt({ pointer: '/cert' }, 'chain_too_long', message));
  }
  const leaf = full?.chain[0];
  if (findings.length > 0 || full === undefined || leaf === undefined) return { ok: false, findings };
  return {
    ok: true,
    secret: {
      chain: full.chain,
      facts: factsOf(full.chain, leaf),
      keyPem: key.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      details: {
        keys: ['cert', 'key', ...(input.ca === undefined ? [] : ['ca'])],
        certificates: full.chain.map(({ details }) => details),
      },
      warnings: [...validityWarnings(leaf, now), ...full.surplus.map(surplusWarning)],
    },
  };
}

function factsOf(chain: readonly ParsedCertificate[], leaf: ParsedCertificate): CertificateFacts {
  return {
    chainPem: chain.map(({ pem }) => pem).join(''),
    names: [...leaf.names.dnsNames],
    notBefore: leaf.details.notBefore,
    notAfter: leaf.details.notAfter,
    fingerprint: leaf.details.fingerprint,
  };
}

function keyMismatch(key: KeyObject, certificates: readonly ParsedCertificate[]): Finding {
  const subjects = certificates.slice(0, 3).map(({ details }) => details.subject);
  const more = certificates.length > 3 ? ' and others' : '';
  const message = `the private key belongs to none of the certificates (${subjects.join('; ')}${more})`;
  return errorAt({ pointer: '/key' }, 'key_mismatch', problemOfKey(key) ?? message);
}

function validityWarnings(leaf: ParsedCertificate, now: number): Finding[] {
  const { details, place } = leaf;
  if (Date.parse(details.notAfter) <= now) {
    return [warningAt(place, 'certificate_expired', `the certificate expired at ${details.notAfter}`)];
  }
  if (Date.parse(details.notBefore) > now) {
    const message = `the certificate is not valid before ${details.notBefore}`;
    return [warningAt(place, 'certificate_not_yet_valid', message)];
  }
  return [];
}

function surplusWarning({ details, place }: ParsedCertificate): Finding {
  const message = `${details.subject} is not on the path of the leaf: it is left out`;
  return warningAt(place, 'certificate_surplus', message);
}
