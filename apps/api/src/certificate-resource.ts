import type { CertificateError, CertificateResource } from '@postern/contracts';
import type { CertificateOrderRecord, CertificateRevocationRecord, Store } from '@postern/store';

/** A certificate that Postern gets, as callers see it: no key, nor where the order under way is. */
export async function certificateResourceOf(
  store: Pick<Store, 'latestRevocation'>,
  order: CertificateOrderRecord,
): Promise<CertificateResource> {
  const { id, project, names, usedNames, state, attempts, lastError, renewReason, issuer } = order;
  const { certificate } = order;
  const revocation = certificate === null ? null : await store.latestRevocation(certificate.id);
  const isUsed = usedNames.length > 0;
  return {
    ...{ id, project, names: [...names], usedNames: [...usedNames], state, attempts, renewReason, issuer },
    pendingSince: isUsed && isPending(order) ? isoOf(order.wantedSince) : null,
    nextAttemptAt: isUsed ? isoOf(order.nextAttemptAt) : null,
    lastError: lastError === null ? null : shownError(lastError),
    certificate:
      certificate === null
        ? null
        : {
            issuer: certificate.issuer,
            fingerprint: certificate.document.fingerprint,
            notBefore: certificate.document.notBefore,
            notAfter: certificate.document.notAfter,
            renewAt: isoOf(certificate.renewAt),
            issuedAt: isoOf(certificate.createdAt),
            replacedReason: certificate.replacedReason,
            revokedAt: certificate.revokedAt === null ? null : isoOf(certificate.revokedAt),
          },
    revocation: revocation === null ? null : shownRevocation(revocation),
  };
}

/** Whether a certificate, or its successor, is wanted and not there yet. */
export function isPending({ certificate, state, renewReason }: CertificateOrderRecord): boolean {
  return certificate === null || state !== 'issued' || renewReason !== null;
}

function shownRevocation(wish: CertificateRevocationRecord): NonNullable<CertificateResource['revocation']> {
  const { state, fingerprint, reason, requestedAt, requestedBy, error } = wish;
  return {
    ...{ state, fingerprint, reason, requestedBy },
    requestedAt: isoOf(requestedAt),
    error: error === null ? null : shownError(error),
  };
}

function shownError({ at, ...error }: CertificateError): NonNullable<CertificateResource['lastError']> {
  return { ...error, at: isoOf(at) };
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
