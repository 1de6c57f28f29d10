import type {
  CertificateDocument,
  Change,
  CrlDocument,
  Cursor,
  Finding,
  HostDocument,
  HostRows,
  IdentityKeys,
  Labels,
  ResourceName,
  Revision,
  RevocationReason,
  RevokedClient,
  RouteDescriptor,
  SecretDetails,
  SecretRow,
  SecretType,
  ServiceSpec,
  TicketKeys,
  TrustBundle,
} from '@postern/contracts';
import type { CertificateOrderRecord, CertificateStore } from './certificates.ts';
import type { CrlFetching, CrlSource, CrlStore } from './crl.ts';
import type { HostnameRecord, HostnameStore } from './hostnames.ts';
import type { LedgerStore } from './ledger.ts';
import type { ListQuery, Page } from './list-query.ts';
import type { WriteMode, Written } from './written.ts';

export type { WriteMode, Written } from './written.ts';

/**
 * What the store asks of pure code inside its transactions: hosts are compiled from the rows the same
 * transaction sees, so a document never mixes two states. Given at `openStore`; see docs/decisions/.
 */
export interface Compiler {
  /** The document of one host. Never throws: what cannot be served is `closed` with a reason. */
  compileHost(rows: HostRows): HostDocument;
  /** Errors for what the route or its services name and the rows lack (pointers into the route descriptor). */
  checkRoute(rows: HostRows): Finding[];
  /** Errors where CAs (PEM, one text for each `tls-ca`) cannot be asked for in one handshake; all at `pointer`. */
  checkClientCas(caPems: readonly string[], pointer: string): Finding[];
  /** Errors for secrets a service names that are absent or of another type (pointers into the service spec). */
  checkService(spec: ServiceSpec, secrets: ReadonlyMap<string, SecretRow>): Finding[];
}

/** What every stored resource has. Times are milliseconds since 1970; `version` counts writes from 1. */
interface RecordMeta {
  readonly id: string;
  readonly project: string;
  readonly name: string;
  readonly version: number;
  readonly labels: Labels;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Name of the token that wrote this version; null where nobody said. */
  readonly updatedBy: string | null;
}

export interface SecretRecord extends RecordMeta {
  readonly type: SecretType;
  readonly details: SecretDetails;
  /** The values, sealed to the master key; the store never sees them open. */
  readonly sealed: string;
  /** Names of what refers to it, like `route/my-route` and `service/cart`, at most 1,000 of them, in lists 20; then the revocation lists of a tls-ca, like `secret/my-list`. */
  readonly usedBy: readonly string[];
  /** Of a crl that is fetched; else null. */
  readonly fetching: CrlFetching | null;
}

export interface ServiceRecord extends RecordMeta {
  readonly spec: ServiceSpec;
  /** Names of the routes whose rules lead to it, like `route/my-route`; at most 1,000 of them, in lists 20. */
  readonly usedBy: readonly string[];
}

export interface RouteRecord extends RecordMeta {
  readonly spec: RouteDescriptor;
  /** The host's present document, as edges get it. */
  readonly document: HostDocument;
  /** Revision of that document. */
  readonly revision: Revision;
  /** How the getting of its certificate stands; null where it brings its own. */
  readonly order: CertificateOrderRecord | null;
  /** The name it is served by. */
  readonly hostname: HostnameRecord;
}

/** A name inside a project, and the version the caller has read (If-Match); undefined skips that check. */
export interface Target {
  readonly project: ResourceName;
  readonly name: ResourceName;
  /** 0 on a create or put: nothing of this name may exist. */
  readonly ifVersion?: number | undefined;
  /** How the id of what the caller has read begins: tells it from another that got its name since. Only beside `ifVersion`. */
  readonly ifId?: string | undefined;
}

export interface SecretWrite extends Target {
  readonly type: SecretType;
  readonly labels?: Labels | undefined;
  readonly details: SecretDetails;
  readonly sealed: string;
  /** What edges get of it: a tls-ca is a trust bundle, a tls a certificate (its key sealed to the master key), a crl a list (null before its first one is fetched), the others nothing. */
  readonly document:
    | { readonly kind: 'trust-bundle'; readonly body: TrustBundle }
    | { readonly kind: 'certificate'; readonly body: CertificateDocument }
    | { readonly kind: 'crl'; readonly body: CrlDocument }
    | null;
  /** Where a crl is fetched; a list that is there stays until the first one comes from there. */
  readonly source?: CrlSource;
}

export interface ServiceWrite extends Target {
  readonly labels?: Labels | undefined;
  readonly spec: ServiceSpec;
}

/** What a route would be compiled to, and the documents that it refers to, as edges get them. */
export interface DraftHost {
  /** What is wrong with its references. */
  readonly findings: readonly Finding[];
  readonly document: HostDocument;
  /** Trust bundles by id; undefined for one that is not there. */
  readonly bundles: ReadonlyMap<string, unknown>;
  /** Revocation lists by id. */
  readonly crls: ReadonlyMap<string, unknown>;
  /** The revocations of the project; undefined where there never were any. */
  readonly revocations: unknown;
}

export interface RouteWrite extends Target {
  readonly labels?: Labels | undefined;
  readonly spec: RouteDescriptor;
  /** The host was generated by Postern, not chosen. Only read when the route is created or its host changes. */
  readonly generatedHost?: boolean;
  /** A host that is new to the store is closed until it is verified. */
  readonly hostNeedsProof?: boolean;
}

/** A credential of the API. Times are milliseconds since 1970. */
export interface TokenRecord {
  readonly id: string;
  /** Unique among the tokens that are not revoked. */
  readonly name: string;
  /** `admin` may do everything; `edge` may read the feed and post reports. */
  readonly scope: 'admin' | 'edge';
  /** SHA-256 of the token, hex. */
  readonly hash: string;
  /** Raw X25519 public key (base64url) of the edge that first used the token; null before, and for other scopes. */
  readonly edgeKey: string | null;
  readonly createdAt: number;
  /** From then on it is refused; null: never. */
  readonly expiresAt: number | null;
  /** Coarse, see `noteTokenUse`; null before its first use. */
  readonly lastUsedAt: number | null;
  /** Since then it is refused; null while it is not revoked. */
  readonly revokedAt: number | null;
}

/** A token to be stored; its value stays with the caller. */
export type TokenWrite = Pick<TokenRecord, 'name' | 'scope' | 'hash' | 'expiresAt'>;

/** Certificates that hosts of a project refuse from `createdAt` on (milliseconds since 1970). */
export interface RevocationRecord {
  readonly id: string;
  readonly project: string;
  readonly client: RevokedClient;
  readonly reason: RevocationReason;
  /** Only on this route's host; null: on all of the project. */
  readonly route: ResourceName | null;
  /** Only where a CA of this tls-ca vouches; null: whichever does. */
  readonly ca: ResourceName | null;
  readonly createdAt: number;
  readonly createdBy: string | null;
}

/** A revocation to be stored. */
export interface RevocationWrite extends Pick<RevocationRecord, 'client' | 'reason' | 'route' | 'ca'> {
  readonly project: ResourceName;
  /** The name of the issuer as it is compared, of a revocation by serial number; else null. */
  readonly issuerKey: string | null;
}

/** A CA of the local issuer; `sealedKey` to the master key. */
export interface AuthorityRecord {
  readonly name: string;
  readonly certPem: string;
  readonly sealedKey: string;
  readonly createdAt: number;
}

/**
 * All of Postern's durable state. Every method is one transaction: it happens whole or not at all, and the changes
 * that follow from a write are committed with it, each with a new revision.
 *
 * Failures are PosternError: `not_found`, `already_exists`, `version_conflict`, `in_use`, `hostname_taken`,
 * `validation_failed` (findings of the Compiler, or a secret whose type would change).
 */
export interface Store extends LedgerStore, CertificateStore, CrlStore, HostnameStore {
  /** Creates a project if it is missing. */
  ensureProject(name: ResourceName): Promise<void>;
  hasProject(name: string): Promise<boolean>;

  /** Creates or replaces; a secret keeps its type. */
  putSecret(write: SecretWrite, mode?: WriteMode): Promise<Written<SecretRecord>>;
  getSecret(target: Target): Promise<SecretRecord>;
  listSecrets(project: ResourceName, query: ListQuery): Promise<Page<SecretRecord>>;
  /** What is public of those of the named secrets that exist, by name. */
  secretDetails(project: ResourceName, names: readonly string[]): Promise<ReadonlyMap<string, SecretDetails>>;
  /** What edges get of a crl; null where there is no list yet, or of another secret. Fails with `not_found`. */
  getCrl(target: Target): Promise<CrlDocument | null>;
  /** Makes a list due at once. Fails with `not_found`, or `validation_failed` where the secret has no source. */
  requestCrl(target: Target): Promise<SecretRecord>;
  /** Refused as `in_use` while a route or service names it. */
  deleteSecret(target: Target, mode?: WriteMode): Promise<{ revision: Revision }>;

  /** One that exists with this very content is given back, not created; with another it is `already_exists`. */
  createService(write: ServiceWrite, mode?: WriteMode): Promise<Written<ServiceRecord>>;
  updateService(write: ServiceWrite, mode?: WriteMode): Promise<Written<ServiceRecord>>;
  getService(target: Target): Promise<ServiceRecord>;
  listServices(project: ResourceName, query: ListQuery): Promise<Page<ServiceRecord>>;
  /** Refused as `in_use` while a route leads to it. */
  deleteService(target: Target, mode?: WriteMode): Promise<{ revision: Revision }>;

  /** As createService; claims the host for the project as well: `hostname_taken` names no foreign route. */
  createRoute(write: RouteWrite, mode?: WriteMode): Promise<Written<RouteRecord>>;
  updateRoute(write: RouteWrite, mode?: WriteMode): Promise<Written<RouteRecord>>;
  /** Compiles a route with another descriptor, whether it exists or not; nothing is written. */
  draftHost(target: Target, spec: RouteDescriptor): Promise<DraftHost>;
  getRoute(target: Target): Promise<RouteRecord>;
  listRoutes(project: ResourceName, query: ListQuery): Promise<Page<RouteRecord>>;
  deleteRoute(target: Target, mode?: WriteMode): Promise<{ revision: Revision }>;

  /**
   * Revokes; one of the same client and scope that is there is given back with `created` false. Fails with `not_found` for a
   * route or tls-ca that is not there, `validation_failed` where there are LIMITS.revocationsMax already.
   */
  createRevocation(write: RevocationWrite, mode?: WriteMode): Promise<Written<RevocationRecord>>;
  /** Fails with `not_found`. */
  getRevocation(project: ResourceName, id: string): Promise<RevocationRecord>;
  /** The oldest first. */
  listRevocations(project: ResourceName): Promise<RevocationRecord[]>;
  /** Takes a revocation back. */
  deleteRevocation(project: ResourceName, id: string, mode?: WriteMode): Promise<{ revision: Revision }>;

  /** Where the log stands. */
  cursor(): Promise<Cursor>;
  /** True when every change after the cursor is still in the log (see docs/decisions/ on epochs). */
  isResumable(cursor: Cursor): Promise<boolean>;
  /** Changes after a revision in order, at most `limit`; tombstones included. */
  changesAfter(revision: number, limit: number): Promise<Change[]>;
  /** Calls back soon after the log grows, by this process or another; returns the way to stop. */
  onRevision(listener: () => void): () => void;
  /** Calls back soon after any write, also one without a change for the edges; returns the way to stop. */
  onWrite(listener: () => void): () => void;

  /** Recompiles hosts of the oldest open job for at most one slice. False when there is no job. */
  runJobSlice(): Promise<boolean>;
  /** True when the job is done or unknown. */
  isJobDone(id: string): Promise<boolean>;

  /** The keys that sign identity tokens; undefined before the first ones. They lie nowhere but in the log. */
  getIdentityKeys(): Promise<IdentityKeys | undefined>;
  /** Puts what follows from the present keys in their place; null leaves them. */
  updateIdentityKeys(next: (present: IdentityKeys | undefined) => IdentityKeys | null): Promise<void>;

  /**
   * Puts what follows from the present keys behind session tickets (undefined before the first ones) in their place; null leaves
   * them. They lie nowhere but in the log: losing them costs full handshakes and nothing else.
   */
  updateTicketKeys(next: (present: TicketKeys | undefined) => TicketKeys | null): Promise<void>;

  getAuthority(name: string): Promise<AuthorityRecord | null>;
  /** Stores an authority unless one of the name exists; gives the stored one. */
  ensureAuthority(authority: Omit<AuthorityRecord, 'createdAt'>): Promise<AuthorityRecord>;

  /** Fails with `already_exists` where a token of the name is not revoked, or where the value was ever stored. */
  createToken(token: TokenWrite, mode?: WriteMode): Promise<TokenRecord>;
  /** Stores a token and revokes the one that had its name, if any, both or neither. */
  replaceToken(token: TokenWrite): Promise<TokenRecord>;
  /** Also finds revoked and expired tokens: the caller refuses them. */
  findToken(hash: string): Promise<TokenRecord | null>;
  /** Fails with `not_found` where no token of the name is left. */
  getToken(name: ResourceName): Promise<TokenRecord>;
  /** By name, without revoked ones. */
  listTokens(): Promise<TokenRecord[]>;
  /**
   * Revokes for good and gives what was revoked. Refused as `last_admin_token` where no other admin token would be left
   * that is neither revoked nor expired, unless `force`.
   */
  revokeToken(
    name: ResourceName,
    options: { readonly force: boolean },
    mode?: WriteMode,
  ): Promise<TokenRecord>;
  /** Notes a use of a token, at the instant of the call. */
  noteTokenUse(id: string): Promise<void>;
  /** Ties an edge token to the first edge key it is used with; false when it is tied to another. */
  bindEdgeKey(tokenId: string, edgeKey: string): Promise<boolean>;

  /**
   * Makes one process at a time the doer of some work: true where the lease was free, has run out, or is this holder's already; it
   * then lasts `ttlMs` milliseconds from now. A holder that needs longer asks again in time.
   */
  acquireLease(name: string, holder: string, ttlMs: number): Promise<boolean>;
  /** Gives a lease back; nothing happens where it is not this holder's. */
  releaseLease(name: string, holder: string): Promise<void>;

  close(): Promise<void>;
}

export interface StoreOptions {
  /** `sqlite:FILE`; FILE is created with its folder's rights as 0600. */
  readonly url: string;
  readonly compiler: Compiler;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds between looks for commits of other processes. */
  readonly pollMs?: number;
  /** Bytes. A file up to this is looked through for damage at every start; 32 MiB, some 50 ms, when absent. */
  readonly checkedAtOpenBytesMax?: number;
}
