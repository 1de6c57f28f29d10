import type {
  CrlDocument,
  ResourceKind,
  ResourceOfKind,
  RevocationResource,
  RouteReplay,
  RouteResource,
  RouteRotation,
  SecretResource,
  ServiceResource,
  TokenCreated,
  TokenResource,
  WatchEvent,
} from '@postern/contracts';
import type { CertificateCalls } from './certificate-client.ts';
import type { components } from './generated/api.ts';
import type { HostnameCalls } from './hostname-client.ts';
import type { ClientCalls, RefusalCalls } from './ledger-client.ts';
import type { Loose } from './loose.ts';

type Schemas = components['schemas'];

export type SecretPut = Loose<Schemas['SecretPut']>;
export type ServiceCreate = Loose<Schemas['ServiceCreate']>;
export type ServiceUpdate = Loose<Schemas['ServiceUpdate']>;
export type RouteCreate = Loose<Schemas['RouteCreate']>;
export type RouteUpdate = Loose<Schemas['RouteUpdate']>;
export type RevocationCreate = Loose<Schemas['RevocationCreate']>;
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

export interface WriteOptions {
  /**
   * The version the caller has read: the write is refused as `version_conflict` when the resource has changed since
   * (`PosternError.conflict` says how). 0, for creates and puts: refused as `already_exists` when anything of the name exists.
   */
  readonly ifVersion?: number | undefined;
  /** Everything is checked and answered as it would be, and nothing is stored. */
  readonly dryRun?: boolean | undefined;
}

/** What narrows a collection down. */
export interface ListFilter {
  /** A selector in kubectl's grammar: `a=b,c!=d,e in (f,g),!h`. */
  readonly labels?: string | undefined;
  /** How the names begin. */
  readonly namePrefix?: string | undefined;
}

/** How a watch is narrowed and ended. */
export interface WatchOptions extends ListFilter {
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal | undefined;
}

interface Listable<T> {
  /** All resources that the filter selects, in the order of their names. */
  list(project: string, filter?: ListFilter): Promise<T[]>;
  /** The same page by page, for collections that are not to be held whole; a page may be empty. */
  pages(project: string, filter?: ListFilter): AsyncIterable<readonly T[]>;
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
  readonly secrets: Deletable &
    Listable<SecretResource> & {
      get(project: string, name: string): Promise<SecretResource>;
      /** Creates or replaces. */
      put(
        project: string,
        name: string,
        body: SecretPut,
        options?: WriteOptions,
      ): Promise<Written<SecretResource>>;
      /** Has a revocation list fetched now; gives the secret as it is before. */
      refresh(project: string, name: string): Promise<SecretResource>;
      /** The revocation list of a crl secret as edges have it; `not_found` where there is none yet. */
      crl(project: string, name: string): Promise<CrlDocument>;
    };
  readonly services: Deletable &
    Listable<ServiceResource> & {
      get(project: string, name: string): Promise<ServiceResource>;
      /** One that exists with this very content is given back with `created` false. */
      create(project: string, body: ServiceCreate, options?: WriteOptions): Promise<Written<ServiceResource>>;
      update(
        project: string,
        name: string,
        body: ServiceUpdate,
        options?: WriteOptions,
      ): Promise<Written<ServiceResource>>;
    };
  readonly routes: Deletable &
    Listable<RouteResource> & {
      get(project: string, name: string): Promise<RouteResource>;
      /**
       * How far its clients have moved to the next CA. With `waitMs` edges are asked whom they saw until now, and waited
       * for that long (60,000 at most).
       */
      rotation(
        project: string,
        name: string,
        options?: { readonly graceMs?: number | undefined; readonly waitMs?: number | undefined },
      ): Promise<RouteRotation>;
      /** Which clients seen or refused since then another descriptor would take to the other side; writes nothing. */
      replay(
        project: string,
        name: string,
        tried: { readonly spec: RouteUpdate['spec']; readonly since: Date },
      ): Promise<RouteReplay>;
      /** Without `spec.host` the route gets a generated one. One that exists with this very content is given back with `created` false. */
      create(project: string, body: RouteCreate, options?: WriteOptions): Promise<Written<RouteResource>>;
      update(
        project: string,
        name: string,
        body: RouteUpdate,
        options?: WriteOptions,
      ): Promise<Written<RouteResource>>;
    };
  /** Certificates that the hosts of a project refuse, whatever CA vouches for them. */
  readonly revocations: {
    /** The oldest first. */
    list(project: string): Promise<RevocationResource[]>;
    get(project: string, id: string): Promise<RevocationResource>;
    /** What is revoked already with this scope is given back with `created` false. */
    create(
      project: string,
      body: RevocationCreate,
      options?: Pick<WriteOptions, 'dryRun'>,
    ): Promise<Written<RevocationResource>>;
    /** Takes a revocation back. */
    delete(
      project: string,
      id: string,
      options?: Pick<WriteOptions, 'dryRun'>,
    ): Promise<{ readonly revision: number }>;
  };
  /** Tokens belong to no project; what they may do is their scope. */
  readonly tokens: {
    /** Without revoked ones. */
    list(): Promise<TokenResource[]>;
    get(name: string): Promise<TokenResource>;
    /** The answer alone holds the value; that of a dry run is empty. */
    create(body: TokenCreate, options?: Pick<WriteOptions, 'dryRun'>): Promise<TokenCreated>;
    /** Refused as `last_admin_token` for the last one, unless `force`. */
    revoke(
      name: string,
      options?: Pick<WriteOptions, 'dryRun'> & { readonly force?: boolean },
    ): Promise<void>;
  };
  /** Names that a project may use, and how they are verified. */
  readonly hostnames: HostnameCalls;
  /** Certificates that Postern gets for hosts: how far they are, and why one is not there. */
  readonly certificates: CertificateCalls;
  /** Whom the edges of a project's hosts refused, and why. */
  readonly refusals: RefusalCalls;
  /** Whom they saw with a trusted certificate. */
  readonly clients: ClientCalls;
  /**
   * Follows one resource, or all that the options select (at most 1,000): first what there is, then every change, also of
   * the status. Connections that break are made anew, and what was missed is told as changes. Ends with the signal; fails
   * as any call does, with UnreachableError when no connection came for a minute.
   */
  watch<K extends ResourceKind>(
    kind: K,
    project: string,
    name?: string,
    options?: WatchOptions,
  ): AsyncIterable<WatchEvent<ResourceOfKind[K]>>;
  /** Waits until every connected edge serves by a revision or by what a job wrote; `complete` is false when time ran out. */
  waitApplied(wanted: {
    readonly revision?: number | undefined;
    readonly job?: string | null | undefined;
    readonly timeoutMs: number;
  }): Promise<Applied>;
  /** The certificate of the local authority, in PEM; `not_found` before there is one. */
  ca(): Promise<string>;
}
