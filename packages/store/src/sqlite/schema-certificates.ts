import type {
  CertificateDocument,
  CertificateError,
  CertificateState,
  Hostname,
  RenewReason,
  ResourceName,
  RevocationReason,
} from '@postern/contracts';
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { projects } from './schema.ts';

/** What is the same of a certificate and of its order: a set of names of one project, sorted and joined by `,`. */
const namesColumns = {
  project: text('project')
    .$type<ResourceName>()
    .notNull()
    .references(() => projects.name),
  namesKey: text('names_key').notNull(),
};

/** Certificates that Postern got; they stay when routes go. */
export const issuedCertificates = sqliteTable(
  'issued_certificates',
  {
    id: text('id').primaryKey(),
    ...namesColumns,
    issuer: text('issuer').notNull(),
    document: text('document', { mode: 'json' }).$type<CertificateDocument>().notNull(),
    /** Of the document. */
    notAfter: integer('not_after').notNull(),
    renewAt: integer('renew_at').notNull(),
    /** When it is to be looked at next: what its CA says of its renewal, and whether another CA is to take over. */
    lookAt: integer('look_at').notNull().default(0),
    ariCertId: text('ari_cert_id'),
    replacedReason: text('replaced_reason').$type<RenewReason>(),
    revokedAt: integer('revoked_at'),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('issued_certificates_names').on(table.project, table.namesKey),
    index('issued_certificates_look').on(table.lookAt),
    index('issued_certificates_end').on(table.project, table.notAfter),
  ],
);

/** An order whose certificate is not there, or whose successor is wanted. A query finds its index by these very words. */
export const orderIsPending = sql.raw(
  "unused_since is null and (state <> 'issued' or renew_reason is not null)",
);

/** How the getting of each certificate stands: one row for each set of names, before and after it is issued. */
export const certificateOrders = sqliteTable(
  'certificate_orders',
  {
    id: text('id').primaryKey(),
    ...namesColumns,
    state: text('state').$type<CertificateState>().notNull(),
    wantedSince: integer('wanted_since').notNull(),
    stateSince: integer('state_since').notNull(),
    attempts: integer('attempts').notNull(),
    nextAttemptAt: integer('next_attempt_at').notNull(),
    lastError: text('last_error', { mode: 'json' }).$type<CertificateError>(),
    issuer: text('issuer'),
    orderUrl: text('order_url'),
    sealedKey: text('sealed_key'),
    renewReason: text('renew_reason').$type<RenewReason>(),
    /** Since when no route serves any of its names by it; null: one does. */
    unusedSince: integer('unused_since'),
  },
  (table) => [
    uniqueIndex('certificate_orders_names').on(table.project, table.namesKey),
    index('certificate_orders_due').on(table.nextAttemptAt).where(sql`unused_since is null`),
    index('certificate_orders_pending').on(table.project, table.namesKey).where(orderIsPending),
    index('certificate_orders_unused').on(table.unusedSince).where(sql`unused_since is not null`),
  ],
);

/** The names of each row of `certificate_orders`; a name is used in one row of a project at most: there a route serves it. */
export const certificateNames = sqliteTable(
  'certificate_names',
  {
    project: text('project').$type<ResourceName>().notNull(),
    name: text('name').$type<Hostname>().notNull(),
    orderId: text('order_id')
      .notNull()
      .references(() => certificateOrders.id, { onDelete: 'cascade' }),
    used: integer('used', { mode: 'boolean' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.project, table.name, table.orderId] }),
    index('certificate_names_order').on(table.orderId),
  ],
);

/** The name is served by this order. Not bound as a value: SQLite would plan such a query again at every use (ENABLE_STAT4), which takes longer than the query. */
export const isNameUsed = sql`${certificateNames.used} = 1`;

/** Wishes that a CA revokes a certificate. `certificateId` and chain stay what they were, whatever follows the certificate. */
export const certificateRevocations = sqliteTable(
  'certificate_revocations',
  {
    id: text('id').primaryKey(),
    ...namesColumns,
    certificateId: text('certificate_id').notNull(),
    fingerprint: text('fingerprint').notNull(),
    issuer: text('issuer').notNull(),
    chainPem: text('chain_pem').notNull(),
    reason: text('reason').$type<RevocationReason>().notNull(),
    state: text('state', { enum: ['waiting', 'done', 'failed'] }).notNull(),
    error: text('error', { mode: 'json' }).$type<CertificateError>(),
    requestedAt: integer('requested_at').notNull(),
    requestedBy: text('requested_by'),
    settledAt: integer('settled_at'),
  },
  (table) => [
    index('certificate_revocations_certificate').on(table.certificateId),
    index('certificate_revocations_waiting').on(table.requestedAt).where(sql`settled_at is null`),
  ],
);

/** Our accounts with CAs. */
export const acmeAccounts = sqliteTable('acme_accounts', {
  directoryUrl: text('directory_url').primaryKey(),
  sealedKey: text('sealed_key').notNull(),
  nextSealedKey: text('next_sealed_key'),
  accountUrl: text('account_url'),
  contact: text('contact'),
  eabKeyId: text('eab_key_id'),
  createdAt: integer('created_at').notNull(),
});

/** Uses of what CAs limit by windows of time. */
export const acmeUses = sqliteTable(
  'acme_uses',
  {
    seq: integer('seq').primaryKey({ autoIncrement: true }),
    key: text('key').notNull(),
    at: integer('at').notNull(),
  },
  (table) => [index('acme_uses_key').on(table.key, table.at)],
);

/** What CAs are not asked before a time. */
export const acmeHolds = sqliteTable('acme_holds', {
  key: text('key').primaryKey(),
  until: integer('until').notNull(),
  detail: text('detail').notNull(),
});

/** How far each edge is that reads the feed. */
export const edgePositions = sqliteTable('edge_positions', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  appliedRevision: integer('applied_revision').notNull(),
  seenAt: integer('seen_at').notNull(),
});
