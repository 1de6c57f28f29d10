import { z } from 'zod';
import { compiledHealthCheck } from './health-check.ts';
import { CLIENT_IDENTITY_HEADERS, corsPolicy, httpBasic, subjectMatcher } from './route.ts';
import { target } from './target.ts';

/** The form number of the documents below; an edge that does not know it closes the host and says so. */
export const DOCUMENT_FORMAT = 1;
/** The form of a host document that uses what format 1 does not have: weights and health checks. */
export const DOCUMENT_FORMAT_HEALTH = 2;
/** The form of a host document that says in which form services learn who a client is. */
export const DOCUMENT_FORMAT_IDENTITY = 3;
/** The form of the document of a host whose clients may be revoked. */
export const DOCUMENT_FORMAT_REVOCATION = 4;
/** The form of the document of a host whose client CA is being replaced. */
export const DOCUMENT_FORMAT_ROTATION = 5;
/** The form of the document of a host that tells untrusted clients why they are refused. */
export const DOCUMENT_FORMAT_REFUSAL_PAGE = 6;
/** The form of the document of a host whose rules demand something of clients. */
export const DOCUMENT_FORMAT_RULE_DEMANDS = 7;
/** The form of the document of a host that asks for certificates and refuses nobody. */
export const DOCUMENT_FORMAT_OBSERVE = 8;
/** The form of the document of a host whose rules name CAs of their own. */
export const DOCUMENT_FORMAT_RULE_CAS = 9;
/** The form of the document of a host that only observes some of its matchers. */
export const DOCUMENT_FORMAT_OBSERVED_MATCHERS = 10;
/** Every form that the schemas below read. */
export const DOCUMENT_FORMATS: readonly number[] = [
  DOCUMENT_FORMAT,
  DOCUMENT_FORMAT_HEALTH,
  DOCUMENT_FORMAT_IDENTITY,
  DOCUMENT_FORMAT_REVOCATION,
  DOCUMENT_FORMAT_ROTATION,
  DOCUMENT_FORMAT_REFUSAL_PAGE,
  DOCUMENT_FORMAT_RULE_DEMANDS,
  DOCUMENT_FORMAT_OBSERVE,
  DOCUMENT_FORMAT_RULE_CAS,
  DOCUMENT_FORMAT_OBSERVED_MATCHERS,
];

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

/**
 * The lowest format that says everything a body holds. Only what uses a newer form gets its number, so that an older
 * edge closes those hosts, with that reason, and goes on with all others.
 */
export function documentFormatOf(body: object): number {
  const rules = 'rules' in body ? (body as HostDocument).rules : [];
  const demand = 'clientCertificate' in body ? (body as HostDocument).clientCertificate : null;
  const lists = [demand, ...rules.map((rule) => rule.clientCertificate)];
  if (lists.some((list) => list?.subjectMatches?.some(({ observe }) => observe === true)))
    return DOCUMENT_FORMAT_OBSERVED_MATCHERS;
  if (
    demand?.mode === 'request' ||
    rules.some(({ clientCertificate }) => clientCertificate?.trustBundle !== undefined)
  )
    return DOCUMENT_FORMAT_RULE_CAS;
  if (rules.some(({ clientCertificate }) => clientCertificate !== undefined))
    return DOCUMENT_FORMAT_RULE_DEMANDS;
  if (demand?.observe !== undefined) return DOCUMENT_FORMAT_OBSERVE;
  if (demand?.onUntrusted !== undefined) return DOCUMENT_FORMAT_REFUSAL_PAGE;
  if (demand?.nextTrustBundle !== undefined) return DOCUMENT_FORMAT_ROTATION;
  if (demand?.crls !== undefined || demand?.revocations !== undefined) return DOCUMENT_FORMAT_REVOCATION;
  if ('clientIdentity' in body) return DOCUMENT_FORMAT_IDENTITY;
  const services = 'services' in body ? Object.values(body.services as HostDocument['services']) : [];
  const isNewer = services.some(
    ({ healthCheck, targets }) =>
      healthCheck !== undefined || targets.some(({ weight }) => weight !== undefined),
  );
  return isNewer ? DOCUMENT_FORMAT_HEALTH : DOCUMENT_FORMAT;
}

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
