import { CERTIFICATE_REASONS, conditionReasonOf, type RouteCondition } from '@postern/contracts';
import type { CertificateOrderRecord, RouteRecord } from '@postern/store';

/**
 * Says whether a host has a valid certificate, and if not, since when one is wanted, why it is not there, and when it is tried again.
 * `secretEnds`: when the certificate of the secret that the route names expires, milliseconds since 1970; null: none, or not known.
 */
export function certificateConditionOf(
  { spec, document, order, updatedAt }: Pick<RouteRecord, 'spec' | 'document' | 'order' | 'updatedAt'>,
  now: number,
  secretEnds: number | null = null,
): RouteCondition {
  const is = (status: boolean, reason: string, message: string, since: number): RouteCondition => ({
    type: 'Certificate',
    status,
    reason,
    message,
    lastTransitionAt: isoOf(since),
  });
  const secret = spec.tls?.serverCertificate?.name;
  if (secret !== undefined) {
    if (secretEnds === null || secretEnds > now)
      return is(true, 'FromSecret', `secret "${secret}" holds it`, updatedAt);
    // Whoever wrote the route chose it: it serves, whatever certificate Postern has for the name besides.
    const message = `secret "${secret}" holds it, and it expired on ${isoOf(secretEnds)}; it serves until another is written, or the route names none`;
    return is(false, 'Expired', message, secretEnds);
  }
  if (order === null) {
    const { closed } = document;
    // Nothing is ordered for a name before it is the project's.
    const isUnverified = closed?.reason === 'hostname_not_verified';
    return isUnverified
      ? is(false, 'HostnameNotVerified', closed.message, updatedAt)
      : is(false, 'Pending', 'the server certificate is not there yet', updatedAt);
  }
  const { certificate, lastError, stateSince } = order;
  if (certificate === null && document.certificate !== null) {
    const message = `that of the secret it named before serves; ${pendingMessage(order)}`;
    return is(true, 'FromSecret', message, updatedAt);
  }
  if (certificate === null) {
    return is(false, conditionReasonOf(lastError?.code ?? order.state), pendingMessage(order), stateSince);
  }
  const { issuer, revokedAt, createdAt } = certificate;
  const { notAfter } = certificate.document;
  if (Date.parse(notAfter) <= now) {
    const message = `the certificate expired on ${notAfter}; ${pendingMessage(order)}`;
    return is(false, conditionReasonOf(lastError?.code ?? 'expired'), message, stateSince);
  }
  const from = issuer === 'local' ? 'the local CA' : issuer;
  const held = `issued by ${from}, valid until ${notAfter}`;
  if (revokedAt !== null) {
    return is(
      false,
      'Revoked',
      `${held}, revoked on ${isoOf(revokedAt)}; ${pendingMessage(order)}`,
      revokedAt,
    );
  }
  const isLate = order.state === 'failing';
  return is(true, 'Issued', isLate ? `${held}; its successor: ${pendingMessage(order)}` : held, createdAt);
}

function pendingMessage({ wantedSince, lastError, nextAttemptAt, state }: CertificateOrderRecord): string {
  const since = `certificate pending since ${isoOf(wantedSince)}`;
  if (lastError === null) return state === 'ordering' ? `${since}: it is being ordered` : since;
  const next = state === 'ordering' ? 'it is being tried again' : `next attempt ${isoOf(nextAttemptAt)}`;
  return `${since}: ${CERTIFICATE_REASONS[lastError.code].meaning}: ${lastError.detail}; ${next}`;
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
