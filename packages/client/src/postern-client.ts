import type {
  RouteResource,
  SecretResource,
  ServiceResource,
  TokenCreated,
  TokenResource,
} from '@postern/contracts';
import type { components } from './generated/api.ts';
import type { Loose } from './loose.ts';

type Schemas = components['schemas'];

export type SecretPut = Loose<Schemas['SecretPut']>;
export type ServiceCreate = Loose<Schemas['ServiceCreate']>;
export type ServiceUpdate = Loose<Schemas['ServiceUpdate']>;
export type RouteCreate = Loose<Schemas['RouteCreate']>;
export type RouteUpdate = Loose<Schemas['RouteUpdate']>;
export type TokenCreate = Loose<Schemas['TokenCreate']>;
/** How far the edges are; `reason` is `applied`, `no_edge`, `job_running` or `waiting`. */
export type Applied = Schemas['Applied'];

/** The outcome of a write. Edges see all of it from `revision` on and, where `job` is not null, once that job is done. */
export interface Written<T> {
  readonly resource: T;
  readonly created: boolean;
  readonly revision: number;
  readonly job: string | null;
}

/** The version the caller has read: the write is refused as `version_conflict` when the resource has changed since. */
export interface WriteOptions {
  readonly ifVersion?: number | undefined;
}

interface Deletable {
  delete(project: string, name: string, options?: WriteOptions): Promise<{ readonly revision: number }>;
}

/**
 * Every operation of the API that a person or a program of theirs uses, one method each.
 *
 * Failures are PosternError with the code, detail and findings the API gave (`context.requestId` leads to its log), or
 * UnreachableError when no answer of a Postern API came.
 */
export interface PosternClient {
  readonly secrets: Deletable & {
    list(project: string): Promise<SecretResource[]>;
    get(project: string, name: string): Promise<SecretResource>;
    /** Creates or replaces. */
    put(
      project: string,
      name: string,
      body: SecretPut,
      options?: WriteOptions,
    ): Promise<Written<SecretResource>>;
  };
  readonly services: Deletable & {
    list(project: string): Promise<ServiceResource[]>;
    get(project: string, name: string): Promise<ServiceResource>;
    create(project: string, body: ServiceCreate): Promise<Written<ServiceResource>>;
    update(
      project: string,
      name: string,
      body: ServiceUpdate,
      options?: WriteOptions,
    ): Promise<Written<ServiceResource>>;
  };
  readonly routes: Deletable & {
    list(project: string): Promise<RouteResource[]>;
    get(project: string, name: string): Promise<RouteResource>;
    /** Without `spec.host` the route gets a generated one. */
    create(project: string, body: RouteCreate): Promise<Written<RouteResource>>;
    update(
      project: string,
      name: string,
      body: RouteUpdate,
      options?: WriteOptions,
    ): Promise<Written<RouteResource>>;
  };
  /** Tokens belong to no project; what they may do is their scope. */
  readonly tokens: {
    /** Without revoked ones. */
    list(): Promise<TokenResource[]>;
    get(name: string): Promise<TokenResource>;
    /** The answer alone holds the value. */
    create(body: TokenCreate): Promise<TokenCreated>;
    /** Refused as `last_admin_token` for the last one, unless `force`. */
    revoke(name: string, options?: { readonly force?: boolean }): Promise<void>;
  };
  /** Waits until every connected edge serves by a revision or by what a job wrote; `complete` is false when time ran out. */
  waitApplied(wanted: {
    readonly revision?: number | undefined;
    readonly job?: string | null | undefined;
    readonly timeoutMs: number;
  }): Promise<Applied>;
  /** The certificate of the local authority, in PEM; `not_found` before there is one. */
  ca(): Promise<string>;
}
