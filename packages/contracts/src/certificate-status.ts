import { z } from 'zod';

/**
 * Why a host has no certificate yet, or no successor, in words that an operator can act on. Closed: conditions, `cert get`
 * and `explain` use these and no others.
 */
export const CERTIFICATE_REASONS = {
  ca_unreachable: 'the CA does not answer',
  ca_refused: 'the CA refuses the order',
  caa_forbids: 'a CAA record forbids this CA to issue for the name',
  dns_unresolvable: 'a name cannot be resolved',
  challenge_failed: 'the CA could not see the answer to its challenge',
  rate_limited: 'a rate limit of the CA holds the order back',
  hostname_not_verified: 'the hostname is not verified yet',
  not_public: 'no public CA issues for the name; the local CA does',
  internal: 'something of Postern itself failed',
} as const;
export type CertificateReason = keyof typeof CERTIFICATE_REASONS;
const reasons = Object.keys(CERTIFICATE_REASONS) as [CertificateReason, ...CertificateReason[]];
export const certificateReason = z.enum(reasons);

/** What ended the last attempt to get a certificate. */
export const certificateError = z.strictObject({
  code: certificateReason,
  /** One or two sentences: what, and which name, server, record or limit, until when. */
  detail: z.string().max(1000),
  /** The problem type of the CA (RFC 8555 section 6.7), like `urn:ietf:params:acme:error:rateLimited`. */
  problemType: z.string().max(300).nullable(),
  /** Milliseconds since 1970. */
  at: z.int(),
});
export type CertificateError = z.infer<typeof certificateError>;

/**
 * How the getting of one certificate stands. `pending`: wanted, not begun; `ordering`: an order is under way; `issued`: it is
 * there; `failing`: the last attempt failed, the next has its time.
 */
export const CERTIFICATE_STATES = ['pending', 'ordering', 'issued', 'failing'] as const;
export type CertificateState = (typeof CERTIFICATE_STATES)[number];

/** Why a certificate gets a successor: its time has come, by the clock or by what its CA says (ARI, RFC 9773), somebody asked, or it is revoked. */
export const RENEW_REASONS = ['due', 'ari', 'requested', 'revoked'] as const;
export type RenewReason = (typeof RENEW_REASONS)[number];
