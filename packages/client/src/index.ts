export type { CertificateCalls, CertificateFilter } from './certificate-client.ts';
export { type ClientOptions, createClient } from './create-client.ts';
export type { HostnameCalls } from './hostname-client.ts';
export type {
  ClientCalls,
  ClientFilter,
  RefusalCalls,
  RefusalFilter,
  RefusalsFound,
} from './ledger-client.ts';
export type {
  Applied,
  ListFilter,
  PosternClient,
  RevocationCreate,
  RouteCreate,
  RouteUpdate,
  SecretPut,
  ServiceCreate,
  ServiceUpdate,
  TokenCreate,
  WatchOptions,
  WriteOptions,
  Written,
} from './postern-client.ts';
export { UnreachableError, type UnreachableReason } from './unreachable-error.ts';
