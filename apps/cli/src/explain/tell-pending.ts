import type { RouteResource } from '@postern/contracts';
import { CERTIFICATE_REASONS, conditionReasonOf } from '@postern/contracts/plain';
import type { Explanation } from './explanation.ts';

/** Says of a host without a certificate why it has none yet, when it is tried again, and what to do. */
export function tellPending(explanation: Explanation, route: RouteResource): Explanation {
  const certificate = route.status.conditions.find(({ type }) => type === 'Certificate');
  if (explanation.reason !== 'certificate_pending' || certificate === undefined || certificate.status)
    return explanation;
  const { reason, message } = certificate;
  const known = Object.entries(CERTIFICATE_REASONS).find(([code]) => conditionReasonOf(code) === reason);
  const remedy =
    known?.[1].remedy ?? `it comes by itself; see how far it is: postern cert get ${route.spec.host}`;
  return { ...explanation, detail: message, remedy };
}
