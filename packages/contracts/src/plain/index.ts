// What needs no schema: programs that live for one call and the processes of an edge read this alone, and start without zod.
// Nothing below it may import a value from a file with schemas.
export { CERTIFICATE_REASONS, conditionReasonOf } from '../certificate-reasons.ts';
export { challengeId } from '../challenge-id.ts';
export { clientBundlesOf } from '../client-bundles.ts';
export { DOCUMENT_FORMATS } from '../document-formats.ts';
export { readDocument } from '../document-shapes.ts';
export { plainAddressOf, refusalOfAddress } from '../forbidden-address.ts';
export { CLIENT_IDENTITY_HEADERS_DEFAULT } from '../identity-headers.ts';
export { identityIssuerOf } from '../identity-issuer.ts';
export type * from '../index.ts';
export { pointerOf } from '../json-pointer.ts';
export { IDENTITY_KEYS, TICKET_KEYS } from '../key-times.ts';
export { LIMITS } from '../limits.ts';
export { LOG_LEVELS } from '../log.ts';
export { hostOfAuthority, normaliseHostname, wildcardOf } from '../normalise-hostname.ts';
export { PosternError, PROBLEMS, problemCodeOf } from '../problems.ts';
export { problemDocumentOf, renderProblem } from '../render-problem.ts';
export { isResourceName, type ResourceName } from '../resource-name.ts';
export { CHECKED_TARGETS_MAX, REPORTED_TARGETS_MAX } from '../target-limits.ts';
export { targetName } from '../target-name.ts';
export { REFUSAL_REASONS } from '../verdict.ts';
export { readWire } from '../wire-shapes.ts';
