export type {
  AcmeAccountRecord,
  AcmeHold,
  CertificateOrderPatch,
  CertificateOrderRecord,
  CertificatePage,
  CertificateQuery,
  CertificateRevocationRecord,
  CertificateStore,
  CertificateToLookAt,
  IssuedCertificateRecord,
} from './certificates.ts';
export type { CrlFetching, CrlOutcome, CrlTask } from './crl.ts';
export type { HostnameCheck, HostnameClaim, HostnameRecord, HostnameStore } from './hostnames.ts';
export type {
  ClientHostRecord,
  ClientPage,
  ClientQuery,
  ClientRecord,
  LedgerStore,
  RefusalFilter,
  RefusalPage,
  RefusalQuery,
  RefusalRecord,
} from './ledger.ts';
export type { ListQuery, Page } from './list-query.ts';
export { openStore } from './open-store.ts';
export * from './store.ts';
