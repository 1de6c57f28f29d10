import type {
  DnsFindings,
  Hostname,
  HostnameProof,
  HostnameState,
  Labels,
  RefusalPhase,
  ResourceName,
  RevocationReason,
  RevokedClient,
  RouteDescriptor,
  SecretDetails,
  SecretType,
  ServiceSpec,
} from '@postern/contracts';
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

// Migrations are generated from this file by `npm run migrations -w @postern/store`; an applied one is never edited.

/** One row for each time the store was opened; with `startRevision` it tells a restored older database from a resumed one. */
export const epochs = sqliteTable('epochs', {
  seq: integer('seq').primaryKey({ autoIncrement: true }),
  id: text('id').notNull().unique(),
  startRevision: integer('start_revision').notNull(),
  openedAt: integer('opened_at').notNull(),
});

/** `revision`: the newest given out. `purged`: the newest tombstone that is no longer kept. `ledger`: the newest `seq` of a refusal. */
export const counters = sqliteTable('counters', {
  name: text('name', { enum: ['revision', 'purged', 'ledger'] }).primaryKey(),
  value: integer('value').notNull(),
});

/** The log: the latest state of each (kind, id). `body` is JSON text; null is a tombstone. */
export const changes = sqliteTable(
  'changes',
  {
    kind: text('kind').notNull(),
    id: text('id').notNull(),
    revision: integer('revision').notNull(),
    formatVersion: integer('format_version').notNull(),
    body: text('body'),
    writtenAt: integer('written_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.id] }),
    uniqueIndex('changes_revision').on(table.revision),
    index('changes_tombstones').on(table.writtenAt).where(sql`body is null`),
  ],
);

export const projects = sqliteTable('projects', {
  name: text('name').primaryKey(),
  id: text('id').notNull().unique(),
  createdAt: integer('created_at').notNull(),
});

const recordColumns = {
  id: text('id').primaryKey(),
  project: text('project')
    .notNull()
    .references(() => projects.name),
  name: text('name').notNull(),
  version: integer('version').notNull(),
  labels: text('labels', { mode: 'json' }).$type<Labels>().notNull(),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
  /** Name of the token that wrote the present version; null where nobody said. */
  updatedBy: text('updated_by'),
};

export const secrets = sqliteTable(
  'secrets',
  {
    ...recordColumns,
    type: text('type').$type<SecretType>().notNull(),
    details: text('details', { mode: 'json' }).$type<SecretDetails>().notNull(),
    sealed: text('sealed').notNull(),
  },
  (table) => [
    uniqueIndex('secrets_name').on(table.project, table.name),
    index('secrets_lists').on(table.project, table.id).where(sql`type = 'crl'`),
  ],
);

/** What a resource was before its last writes: content without values, LIMITS.versionsKept for each resource. */
export const formerVersions = sqliteTable(
  'former_versions',
  {
    resourceId: text('resource_id').notNull(),
    version: integer('version').notNull(),
    content: text('content', { mode: 'json' }).$type<object>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.resourceId, table.version] })],
);

export const services = sqliteTable(
  'services',
  { ...recordColumns, spec: text('spec', { mode: 'json' }).$type<ServiceSpec>().notNull() },
  (table) => [uniqueIndex('services_name').on(table.project, table.name)],
);

/** Names that projects may use, served or not; a name belongs to one project, whichever. Times are milliseconds since 1970. */
export const hostnames = sqliteTable(
  'hostnames',
  {
    name: text('name').$type<Hostname>().primaryKey(),
    project: text('project')
      .notNull()
      .$type<ResourceName>()
      .references(() => projects.name),
    generated: integer('generated', { mode: 'boolean' }).notNull(),
    /** Null: not served. */
    verifiedAt: integer('verified_at'),
    how: text('how').$type<HostnameProof | 'none'>().notNull(),
    createdAt: integer('created_at').notNull(),
    state: text('state').$type<HostnameState>().notNull().default('Validating'),
    since: integer('since').notNull().default(0),
    /** Added by itself, so that it outlives its route. */
    kept: integer('kept', { mode: 'boolean' }).notNull().default(false),
    /** When DNS is asked next; null: not by itself. */
    checkAt: integer('check_at'),
    checkedAt: integer('checked_at'),
    /** Checks in a row that found no proof. */
    failures: integer('failures').notNull().default(0),
    found: text('found', { mode: 'json' }).$type<DnsFindings>(),
  },
  (table) => [
    index('hostnames_project').on(table.project, table.name),
    index('hostnames_check').on(table.checkAt).where(sql`check_at is not null`),
    index('hostnames_unverified').on(table.name).where(sql`verified_at is null`),
  ],
);

export const routes = sqliteTable(
  'routes',
  {
    ...recordColumns,
    host: text('host')
      .$type<Hostname>()
      .notNull()
      .unique()
      .references(() => hostnames.name),
    spec: text('spec', { mode: 'json' }).$type<RouteDescriptor>().notNull(),
  },
  (table) => [uniqueIndex('routes_name').on(table.project, table.name)],
);

/** Which routes lead to a service. By name, so that a reference is found whether or not its service exists. */
export const routeServices = sqliteTable(
  'route_services',
  {
    project: text('project').notNull(),
    service: text('service').notNull(),
    routeId: text('route_id')
      .notNull()
      .references(() => routes.id, { onDelete: 'cascade' }),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.service, table.routeId] }),
    index('route_services_route').on(table.routeId),
  ],
);

/** Which routes name a secret themselves. */
export const routeSecrets = sqliteTable(
  'route_secrets',
  {
    project: text('project').notNull(),
    secret: text('secret').notNull(),
    routeId: text('route_id')
      .notNull()
      .references(() => routes.id, { onDelete: 'cascade' }),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.secret, table.routeId] }),
    index('route_secrets_route').on(table.routeId),
  ],
);

/** Which services name a secret. */
export const serviceSecrets = sqliteTable(
  'service_secrets',
  {
    project: text('project').notNull(),
    secret: text('secret').notNull(),
    serviceId: text('service_id')
      .notNull()
      .references(() => services.id, { onDelete: 'cascade' }),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.secret, table.serviceId] }),
    index('service_secrets_service').on(table.serviceId),
  ],
);

/** Routes still to recompile because the service, secret or project was written: those with an id after `afterRouteId`. */
export const jobs = sqliteTable('jobs', {
  seq: integer('seq').primaryKey({ autoIncrement: true }),
  id: text('id').notNull().unique(),
  kind: text('kind', { enum: ['service', 'secret', 'project'] }).notNull(),
  project: text('project').notNull(),
  name: text('name').notNull(),
  afterRouteId: text('after_route_id').notNull(),
  createdAt: integer('created_at').notNull(),
});

export const authorities = sqliteTable('authorities', {
  name: text('name').primaryKey(),
  certPem: text('cert_pem').notNull(),
  sealedKey: text('sealed_key').notNull(),
  createdAt: integer('created_at').notNull(),
});

/** Revoked ones are kept, so that a file that still holds one never makes it valid again. Times are milliseconds since 1970. */
export const tokens = sqliteTable(
  'tokens',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    scope: text('scope', { enum: ['admin', 'edge'] }).notNull(),
    hash: text('hash').notNull().unique(),
    edgeKey: text('edge_key'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    lastUsedAt: integer('last_used_at'),
    revokedAt: integer('revoked_at'),
  },
  (table) => [uniqueIndex('tokens_name').on(table.name).where(sql`revoked_at is null`)],
);

/** What is revoked in each project. `key` says whom and where: a revocation that is repeated is the same one. */
export const revocations = sqliteTable(
  'revocations',
  {
    id: text('id').primaryKey(),
    project: text('project')
      .notNull()
      .references(() => projects.name),
    key: text('key').notNull(),
    client: text('client', { mode: 'json' }).$type<RevokedClient>().notNull(),
    /** The issuer's name as it is compared; null where none is named. */
    issuerKey: text('issuer_key'),
    reason: text('reason').$type<RevocationReason>().notNull(),
    route: text('route').$type<ResourceName>(),
    ca: text('ca').$type<ResourceName>(),
    createdAt: integer('created_at').notNull(),
    createdBy: text('created_by'),
  },
  (table) => [uniqueIndex('revocations_key').on(table.project, table.key)],
);

/** What clients presented: JSON array of base64 DERs, leaf first, once for all refusals and clients. */
export const presentedChains = sqliteTable(
  'presented_chains',
  {
    hash: text('hash').primaryKey(),
    trusted: integer('trusted', { mode: 'boolean' }).notNull(),
    certificates: text('certificates', { mode: 'json' }).$type<string[]>().notNull(),
    lastAt: integer('last_at').notNull(),
  },
  (table) => [index('presented_chains_age').on(table.trusted, table.lastAt)],
);

/** The refusal ledger. `seq` grows with every write of any entry: what changed last has the highest. */
export const refusals = sqliteTable(
  'refusals',
  {
    id: text('id').primaryKey(),
    seq: integer('seq').notNull(),
    project: text('project').notNull(),
    route: text('route').notNull(),
    host: text('host').notNull(),
    sni: text('sni').notNull(),
    edge: text('edge').notNull(),
    firstAt: integer('first_at').notNull(),
    lastAt: integer('last_at').notNull(),
    count: integer('count').notNull(),
    reason: text('reason').notNull(),
    detail: text('detail').notNull(),
    rule: text('rule'),
    clientAddress: text('client_address'),
    fingerprint: text('fingerprint'),
    subject: text('subject'),
    issuer: text('issuer'),
    serial: text('serial'),
    chainHash: text('chain_hash'),
    revision: integer('revision').notNull(),
    tlsVersion: text('tls_version'),
    observed: integer('observed', { mode: 'boolean' }).notNull(),
    various: integer('various', { mode: 'boolean' }).notNull(),
    phase: text('phase').$type<RefusalPhase>(),
    observedMatch: text('observed_match'),
  },
  (table) => [
    uniqueIndex('refusals_seq').on(table.seq),
    uniqueIndex('refusals_project').on(table.project, table.seq),
    index('refusals_age').on(table.lastAt),
  ],
);

/** Refusals that an edge could not record, by its runs. */
export const droppedRefusals = sqliteTable(
  'dropped_refusals',
  {
    edge: text('edge').notNull(),
    run: text('run').notNull(),
    count: integer('count').notNull(),
    lastAt: integer('last_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.edge, table.run] }),
    index('dropped_refusals_age').on(table.lastAt),
  ],
);

/** The client inventory. */
export const clients = sqliteTable(
  'clients',
  {
    project: text('project').notNull(),
    fingerprint: text('fingerprint').notNull(),
    subject: text('subject').notNull(),
    issuer: text('issuer').notNull(),
    serial: text('serial').notNull(),
    notAfter: integer('not_after').notNull(),
    chainHash: text('chain_hash'),
    firstAt: integer('first_at').notNull(),
    lastAt: integer('last_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.fingerprint] }),
    index('clients_age').on(table.lastAt),
  ],
);

/** Where clients were seen, and which anchor of which bundle vouched for them there. */
export const clientHosts = sqliteTable(
  'client_hosts',
  {
    project: text('project').notNull(),
    fingerprint: text('fingerprint').notNull(),
    host: text('host').notNull(),
    route: text('route').notNull(),
    bundle: text('bundle').notNull(),
    anchor: text('anchor').notNull(),
    verdict: text('verdict', { enum: ['admit', 'refuse'] }).notNull(),
    firstAt: integer('first_at').notNull(),
    lastAt: integer('last_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.fingerprint, table.host, table.bundle, table.anchor] }),
    index('client_hosts_host').on(table.project, table.host, table.lastAt),
  ],
);

/** Work that one process at a time may do: who does it, and until when it counts as theirs (milliseconds since 1970). */
export const leases = sqliteTable('leases', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  expiresAt: integer('expires_at').notNull(),
});

/** Where revocation lists come from that are fetched, and how the fetching goes. Times are milliseconds since 1970. */
export const crlSources = sqliteTable(
  'crl_sources',
  {
    secretId: text('secret_id')
      .primaryKey()
      .references(() => secrets.id, { onDelete: 'cascade' }),
    url: text('url').notNull(),
    refreshMs: integer('refresh_ms').notNull(),
    nextTryAt: integer('next_try_at').notNull(),
    triedAt: integer('tried_at'),
    /** Of the last answer that was good, also one that says that nothing has changed. */
    fetchedAt: integer('fetched_at'),
    /** In a row. */
    failures: integer('failures').notNull(),
    error: text('error'),
    etag: text('etag'),
    lastModified: text('last_modified'),
  },
  (table) => [index('crl_sources_next').on(table.nextTryAt)],
);
