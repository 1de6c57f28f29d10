import { randomUUID } from 'node:crypto';
import {
  type CertificateError,
  type Hostname,
  PosternError,
  type ResourceName,
  type RevocationReason,
} from '@postern/contracts';
import { and, asc, desc, eq, isNull, sql } from 'drizzle-orm';
import type { CertificateRevocationRecord } from '../certificates.ts';
import { getCertificate } from './certificate-orders.ts';
import { namesKeyOf, namesOfKey } from './certificate-use.ts';
import { noteRevoked } from './issued-certificates.ts';
import type { StoreDatabase } from './open-database.ts';
import { certificateRevocations, issuedCertificates } from './schema-certificates.ts';
import type { WriteContext } from './write-context.ts';

type RevocationColumns = typeof certificateRevocations.$inferSelect;

export function requestRevocation(
  { db, now, by }: WriteContext,
  project: ResourceName,
  name: Hostname,
  reason: RevocationReason,
): CertificateRevocationRecord {
  const { certificate } = getCertificate(db, project, name);
  if (certificate === null)
    throw new PosternError('not_found', { detail: `there is no certificate for ${name} yet` });
  const { fingerprint, chainPem } = certificate.document;
  const waiting = db
    .select()
    .from(certificateRevocations)
    .where(and(eq(certificateRevocations.fingerprint, fingerprint), isNull(certificateRevocations.settledAt)))
    .get();
  if (waiting !== undefined) return recordOf(waiting);
  const row: RevocationColumns = {
    id: randomUUID(),
    project,
    namesKey: namesKeyOf(certificate.names),
    certificateId: certificate.id,
    fingerprint,
    issuer: certificate.issuer,
    chainPem,
    reason,
    state: 'waiting',
    error: null,
    requestedAt: now,
    requestedBy: by,
    settledAt: null,
  };
  db.insert(certificateRevocations).values(row).run();
  return recordOf(row);
}

export function latestRevocation(
  db: StoreDatabase,
  certificateId: string,
): CertificateRevocationRecord | null {
  const row = db
    .select()
    .from(certificateRevocations)
    .where(eq(certificateRevocations.certificateId, certificateId))
    .orderBy(desc(certificateRevocations.requestedAt), desc(sql`rowid`))
    .get();
  return row === undefined ? null : recordOf(row);
}

export function listWaitingRevocations(db: StoreDatabase, limit: number): CertificateRevocationRecord[] {
  return db
    .select()
    .from(certificateRevocations)
    .where(isNull(certificateRevocations.settledAt))
    .orderBy(asc(certificateRevocations.requestedAt))
    .limit(limit)
    .all()
    .map(recordOf);
}

export function settleRevocation(context: WriteContext, id: string, error: CertificateError | null): void {
  const { db, now } = context;
  const [row] = db
    .update(certificateRevocations)
    .set({ state: error === null ? 'done' : 'failed', error, settledAt: now })
    .where(and(eq(certificateRevocations.id, id), isNull(certificateRevocations.settledAt)))
    .returning()
    .all();
  if (row === undefined || error !== null) return;
  const present = db
    .select({ document: issuedCertificates.document })
    .from(issuedCertificates)
    .where(eq(issuedCertificates.id, row.certificateId))
    .get();
  // A successor under the same id is another certificate.
  if (present?.document.fingerprint === row.fingerprint) noteRevoked(context, row.certificateId);
}

function recordOf({ namesKey, ...row }: RevocationColumns): CertificateRevocationRecord {
  return { ...row, names: namesOfKey(namesKey) };
}
