import { z } from 'zod';
import { compiledHealthCheck } from './health-check.ts';
import { CLIENT_IDENTITY_HEADERS } from './identity-headers.ts';
import { corsPolicy, httpBasic, subjectMatcher } from './route.ts';
import { target } from './target.ts';

/** A service as an edge uses it: defaults filled in, secrets as ids of feed documents. */
export const upstream = z.strictObject({
  targets: z.array(target).min(1),
  /** Id of the trust bundle that alone is trusted for https targets; null: the public roots. */
  trustBundle: z.string().nullable(),
  /** Id of the certificate shown to https targets. */
  clientCertificate: z.string().nullable(),
  hostHeader: z.enum(['client', 'target']),
  connectMs: z.int(),
  responseHeadMs: z.int(),
  idleBodyMs: z.int(),
  maxBodyBytes: z.int().nullable(),
  /** Absent: nothing is checked; documents of format 1 have none. */
  healthCheck: compiledHealthCheck.optional(),
});
export type Upstream = z.infer<typeof upstream>;

export const compiledRule = z.strictObject({
  name: z.string().nullable(),
  prefix: z.string(),
  service: z.string(),
  enableWebsockets: z.boolean(),
  /** Present: what the rule demands of clients, beside what the host demands of their names. Never without either member. */
  clientCertificate: z
    .strictObject({
      /** The anchors that must vouch for the client here, in place of those of the host; absent: those of the host. */
      trustBundle: z.string().optional(),
      subjectMatches: z.array(subjectMatcher).min(1).optional(),
    })
    .refine((demand) => demand.trustBundle !== undefined || demand.subjectMatches !== undefined)
    .optional(),
});
export type CompiledRule = z.infer<typeof compiledRule>;

/**
 * Whom a host admits. `subjectMatches` null: every certificate the bundle vouches for.
 *
 * `request`: a certificate is asked for and only rules demand one; `trustBundle` is null there, and nowhere else.
 */
export const clientCertificatePolicy = z.strictObject({
  mode: z.enum(['require', 'request']),
  trustBundle: z.string().nullable(),
  /** Present during a rotation: vouches for clients as well, and will stay. */
  nextTrustBundle: z.string().optional(),
  subjectMatches: z.array(subjectMatcher).min(1).nullable(),
  /** Present: a certificate is asked for, everybody is let in, and who would not be is recorded; only who would be has an identity. */
  observe: z.literal(true).optional(),
  /** Present: an untrusted client, or one without a certificate, comes to the end of its handshake and is answered 403; nothing else is reachable. */
  onUntrusted: z.literal('page').optional(),
  /** Present: the project has a document of revocations, and the host is closed without it. */
  revocations: z.literal(true).optional(),
  /** Ids of the revocation lists that count here. */
  crls: z.array(z.string()).min(1).optional(),
});
export type ClientCertificatePolicy = z.infer<typeof clientCertificatePolicy>;

/** How services learn who an admitted client is. */
const compiledClientIdentity = z.strictObject({
  headers: z.enum(CLIENT_IDENTITY_HEADERS),
  /** Absent: no token. */
  jwt: z.strictObject({ audience: z.string(), ttlSeconds: z.int() }).optional(),
});
export type ClientIdentityToken = NonNullable<z.infer<typeof compiledClientIdentity>['jwt']>;

/** Everything an edge needs to serve one host; compiled by a pure function, pinned by golden pairs. */
export const hostDocument = z.strictObject({
  host: z.string(),
  project: z.string(),
  route: z.string(),
  /** Set when the host must not be served: an unusable CA, a missing reference. */
  closed: z.strictObject({ reason: z.string(), message: z.string() }).nullable(),
  /** Id of the server certificate; null: none yet, the host answers with an alert. */
  certificate: z.string().nullable(),
  clientCertificate: clientCertificatePolicy.nullable(),
  /** Absent: Client-Cert (RFC 9440); documents before format 3 have none. */
  clientIdentity: compiledClientIdentity.optional(),
  httpBasic: httpBasic.nullable(),
  cors: corsPolicy.nullable(),
  /** Longest prefix first. */
  rules: z.array(compiledRule),
  services: z.record(z.string(), upstream),
});
export type HostDocument = z.infer<typeof hostDocument>;

/** Anchors of one tls-ca secret. The id is the secret's; `contentHash` (SHA-256 hex over the DERs in order) names the content. */
export const trustBundle = z.strictObject({
  contentHash: z.string(),
  anchorsPem: z.array(z.string()).min(1),
});
export type TrustBundle = z.infer<typeof trustBundle>;

/** A server or client certificate with its key; the key is sealed (to the master key in the store, to the edge in the feed). */
export const certificateDocument = z.strictObject({
  /** Leaf first, PEM. */
  chainPem: z.string(),
  sealedKey: z.string(),
  names: z.array(z.string()),
  notBefore: z.iso.datetime(),
  notAfter: z.iso.datetime(),
  fingerprint: z.string(),
});
export type CertificateDocument = z.infer<typeof certificateDocument>;
