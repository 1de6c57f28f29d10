import type { RevocationReason } from '@postern/contracts';
import type { AcmeCa } from './acme-ca.ts';
import { AcmeProblem } from './acme-problem.ts';

/** RFC 5280 section 5.3.1. */
const CODES: Readonly<Record<RevocationReason, number>> = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
};

/** Revokes a certificate by the account it was ordered with (RFC 8555 section 7.6). One that is revoked already counts. */
export async function revokeAt(ca: AcmeCa, chainPem: string, reason: RevocationReason): Promise<void> {
  try {
    await ca.call((client) => client.revokeCertificate(chainPem, { reason: CODES[reason] }));
  } catch (error) {
    if (!(error instanceof AcmeProblem && error.type === 'alreadyRevoked')) throw error;
  }
}
