export * from './asymmetric-secret.ts';
export * from './ca-secret.ts';
export { orderChain } from './certificate-chain.ts';
export {
  type AuthorityKeyId,
  EXTENSIONS,
  KEY_USAGE,
  NETSCAPE_SSL_CLIENT,
  type Subtree,
} from './certificate-extensions.ts';
export { type CertificateFields, readCertificateFields } from './certificate-fields.ts';
export * from './certificates-pem.ts';
export { createChallengeCertificate } from './challenge-certificate.ts';
export { parseCrlSecret, readFetchedList } from './crl-secret.ts';
export { contextConstructed, DER_TAGS, DerCursor, readSmallInteger } from './der-cursor.ts';
export * from './dev-certificates.ts';
export { COMMON_NAME, EMAIL_ADDRESS } from './distinguished-name.ts';
export * from './edge-seal.ts';
export { escapeControls } from './escape-controls.ts';
export { formatRfc4514 } from './format-rfc4514.ts';
export type { GeneralName } from './general-name.ts';
export * from './host-coverage.ts';
export { type ListState, listStateOf } from './list-state.ts';
export * from './local-authority.ts';
export * from './master-seal.ts';
export { nameKeyOf } from './name-key.ts';
export { readPemBlocks } from './pem-blocks.ts';
export { parsePrivateKeyPem } from './private-key-pem.ts';
export { isPublicWebCa } from './public-web-ca.ts';
export { type RevocationList, readRevocationList } from './revocation-list.ts';
export { readSubjectNames, type SubjectNames, subjectNamesOf } from './subject-names.ts';
export * from './tls-secret.ts';
export { subjectBytes, trustBundleOf } from './trust-bundle.ts';
