import type { CertificateResource, CertificateWithChain } from '@postern/contracts';
import { CERTIFICATE_REASONS } from '@postern/contracts/plain';
import { formatFields } from '../output/format-table.ts';

/** The columns of `cert list`; of pending ones what stands in the way. */
export function certificateTable(pending: boolean, wide: boolean) {
  return {
    header: pending
      ? ['NAMES', 'STATE', 'PENDING SINCE', 'ATTEMPTS', 'NEXT ATTEMPT', 'REASON', ...(wide ? ['DETAIL'] : [])]
      : ['NAMES', 'STATE', 'ISSUER', 'EXPIRES', 'RENEWAL', ...(wide ? ['ISSUED', 'FINGERPRINT'] : [])],
    row(found: CertificateResource): string[] {
      const { names, certificate, lastError } = found;
      if (pending) {
        return [
          names.join(','),
          stateOf(found),
          found.pendingSince ?? '',
          String(found.attempts),
          found.state === 'ordering' ? 'now' : (found.nextAttemptAt ?? ''),
          lastError?.code ?? '',
          ...(wide ? [lastError?.detail ?? ''] : []),
        ];
      }
      return [
        names.join(','),
        stateOf(found),
        certificate?.issuer ?? found.issuer ?? '',
        certificate?.notAfter ?? '',
        found.nextAttemptAt ?? '',
        ...(wide ? [certificate?.issuedAt ?? '', certificate?.fingerprint ?? ''] : []),
      ];
    },
  };
}

/** One word for a table. */
function stateOf({ state, usedNames, certificate, renewReason }: CertificateResource): string {
  if (certificate?.revokedAt != null) return 'revoked';
  if (usedNames.length === 0) return 'unused';
  return certificate !== null && state !== 'failing' && renewReason !== null ? 'renewing' : state;
}

/** One line about all that are pending. */
export function countsOf(found: readonly CertificateResource[]): string {
  if (found.length === 0) return 'no certificate is pending';
  const count = (state: CertificateResource['state']) => found.filter((one) => one.state === state).length;
  const [ordering, failing] = [count('ordering'), count('failing')];
  return `${found.length} pending: ${ordering} being ordered, ${found.length - ordering - failing} waiting, ${failing} failing`;
}

/** Writes one certificate for a person: how far it is, what to do where it fails, and its chain. */
export function describeCertificate(found: CertificateWithChain): string {
  const { certificate, lastError, revocation, renewReason } = found;
  const fields = formatFields([
    ['Names', found.names.join(', ')],
    [
      'Served by routes',
      found.usedNames.length === 0 ? 'none: kept for the next' : found.usedNames.join(', '),
    ],
    ['State', stateOf(found)],
    ['Pending since', found.pendingSince ?? undefined],
    ['Wanted because', renewReason === null ? undefined : RENEWALS[renewReason]],
    ['Attempts failed', found.attempts === 0 ? undefined : String(found.attempts)],
    [
      'Reason',
      lastError === null ? undefined : `${lastError.code}: ${CERTIFICATE_REASONS[lastError.code].meaning}`,
    ],
    ['Detail', lastError?.detail],
    ['Problem', lastError?.problemType ?? undefined],
    ['Failed at', lastError?.at],
    ['What to do', lastError === null ? undefined : CERTIFICATE_REASONS[lastError.code].remedy],
    [certificate === null ? 'Next attempt' : 'Renewal', found.nextAttemptAt ?? undefined],
    ['Issuer', certificate?.issuer ?? found.issuer ?? undefined],
    ['SHA-256', certificate?.fingerprint],
    ['Issued', certificate?.issuedAt],
    ['Valid from', certificate?.notBefore],
    ['Expires', certificate?.notAfter],
    ['Revoked', certificate?.revokedAt ?? undefined],
    ['Revocation', revocation === null ? undefined : revocationText(revocation)],
  ]);
  return found.chainPem === null ? fields : `${fields}\n${found.chainPem.trimEnd()}\n`;
}

const RENEWALS: Readonly<Record<NonNullable<CertificateResource['renewReason']>, string>> = {
  due: 'it is to be renewed',
  ari: 'its CA says that it is to be renewed',
  requested: 'somebody asked for it',
  revoked: 'the present one is revoked',
};

function revocationText({
  state,
  reason,
  requestedAt,
  error,
}: NonNullable<CertificateResource['revocation']>): string {
  const asked = `asked for on ${requestedAt} (${reason})`;
  if (state === 'failed') return `${asked}, refused: ${error?.detail ?? ''}`;
  return state === 'done' ? asked : `${asked}, not done yet`;
}
