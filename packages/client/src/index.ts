export { type ClientOptions, createClient } from './create-client.ts';
export type {
  Applied,
  PosternClient,
  RouteCreate,
  RouteUpdate,
  SecretPut,
  ServiceCreate,
  ServiceUpdate,
  TokenCreate,
  WriteOptions,
  Written,
} from './postern-client.ts';
export { UnreachableError, type UnreachableReason } from './unreachable-error.ts';
