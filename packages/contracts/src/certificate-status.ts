import { z } from 'zod';
import { CERTIFICATE_REASONS, type CertificateReason } from './certificate-reasons.ts';
import { resourceName } from './names.ts';
import { revocationReason } from './revocation.ts';

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

const errorShown = certificateError.extend({ at: z.iso.datetime() });

/** A certificate that Postern gets for hosts, whether or not it is there yet, as callers see it. */
export const certificateResource = z
  .strictObject({
    id: z.string(),
    project: resourceName,
    /** Sorted. */
    names: z.array(z.string()),
    /** Those that routes serve by it; none: it is kept for who serves one of its names next. */
    usedNames: z.array(z.string()),
    state: z.enum(CERTIFICATE_STATES),
    /** Since when it, or its successor, is wanted; null while nothing is. */
    pendingSince: z.iso.datetime().nullable(),
    /** When it is tried, or renewed, next; null while it is not used. */
    nextAttemptAt: z.iso.datetime().nullable(),
    /** Failed ones in a row. */
    attempts: z.int(),
    lastError: errorShown.nullable(),
    /** Why a successor is wanted; null where none is. */
    renewReason: z.enum(RENEW_REASONS).nullable(),
    /** `local`, or the directory URL of the CA; null before one is asked. */
    issuer: z.string().nullable(),
    /** Null while there is none. */
    certificate: z
      .strictObject({
        issuer: z.string(),
        fingerprint: z.string(),
        notBefore: z.iso.datetime(),
        notAfter: z.iso.datetime(),
        renewAt: z.iso.datetime(),
        issuedAt: z.iso.datetime(),
        /** Why it took the place of its forerunner; null: it is the first. */
        replacedReason: z.enum(RENEW_REASONS).nullable(),
        revokedAt: z.iso.datetime().nullable(),
      })
      .nullable(),
    /** The last wish that the CA revokes it; null where there was none. */
    revocation: z
      .strictObject({
        state: z.enum(['waiting', 'done', 'failed']),
        fingerprint: z.string(),
        reason: revocationReason,
        requestedAt: z.iso.datetime(),
        requestedBy: z.string().nullable(),
        error: errorShown.nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Certificate' });
export type CertificateResource = z.infer<typeof certificateResource>;

/** One certificate with its chain, PEM and leaf first; null while there is none. */
export const certificateWithChain = certificateResource
  .extend({ chainPem: z.string().nullable() })
  .meta({ id: 'CertificateWithChain' });
export type CertificateWithChain = z.infer<typeof certificateWithChain>;

/** What a caller sends to have a certificate revoked by its CA. */
export const certificateRevoke = z
  .strictObject({ reason: revocationReason.optional() })
  .meta({ id: 'CertificateRevoke' });
