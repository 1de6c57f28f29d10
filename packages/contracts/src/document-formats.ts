import type { HostDocument } from './host-document.ts';

/** The form number of the documents of the feed; an edge that does not know it closes the host and says so. */
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
/** Every form that this version reads. */
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
