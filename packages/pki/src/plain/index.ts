// What reads certificates and opens keys without the libraries that make certificates and show all of one: the processes of an edge
// read this alone. Nothing below it may import a value of `@peculiar/*`, or one of the contracts that needs schemas.
export {
  type AuthorityKeyId,
  EXTENSIONS,
  KEY_USAGE,
  NETSCAPE_SSL_CLIENT,
  type Subtree,
} from '../certificate-extensions.ts';
export { type CertificateFields, readCertificateFields } from '../certificate-fields.ts';
export { createChallengeCertificate } from '../challenge-certificate.ts';
export { contextConstructed, DER_TAGS, DerCursor, readSmallInteger } from '../der-cursor.ts';
export { COMMON_NAME, EMAIL_ADDRESS } from '../distinguished-name.ts';
export { edgePublicKeyOf, newEdgeKeyPair, openAtEdge } from '../edge-seal.ts';
export { escapeControls } from '../escape-controls.ts';
export { formatRfc4514 } from '../format-rfc4514.ts';
export type { GeneralName } from '../general-name.ts';
export { judgeKey } from '../judge-key.ts';
export { type ListState, listStateOf } from '../list-state.ts';
export { readPemBlocks, writePem } from '../pem-blocks.ts';
export { parsePrivateKeyPem } from '../private-key-pem.ts';
export { type RevocationList, readRevocationList } from '../revocation-list.ts';
export { readSubjectNames, type SubjectNames, subjectNamesOf } from '../subject-names.ts';
export { subjectBytes, trustBundleOf } from '../trust-bundle.ts';
