import {
  CHANGE_BODIES,
  type CrlDocument,
  PosternError,
  type ResourceName,
  type SecretDetails,
} from '@postern/contracts';
import { and, asc, eq, lte, min } from 'drizzle-orm';
import type { CrlFetching, CrlOutcome, CrlSource, CrlTask } from '../crl.ts';
import type { ChangeLog } from './change-log.ts';
import type { StoreDatabase } from './open-database.ts';
import { recompileAffected } from './recompile-hosts.ts';
import { crlSources, secrets } from './schema.ts';
import type { WriteContext } from './write-context.ts';

type CrlDetails = NonNullable<SecretDetails['crl']>;

/** Refused where a list would take the place of a newer one: whom that revoked would be admitted again. */
export function requireNewerList(
  present: CrlDetails | undefined,
  next: Pick<CrlDetails, 'number' | 'thisUpdate'>,
): void {
  if (present === undefined || present.thisUpdate === null || next.thisUpdate === null) return;
  const isNumbered = present.number !== null && next.number !== null && present.number !== next.number;
  const isOlder = isNumbered
    ? BigInt(`0x${next.number}`) < BigInt(`0x${present.number}`)
    : Date.parse(next.thisUpdate) < Date.parse(present.thisUpdate);
  if (!isOlder) return;
  const message = `the list (${nameOf(next)}) is older than the one that is there (${nameOf(present)})`;
  const hint = 'where the CA has begun anew, delete the secret and create it again';
  throw new PosternError('validation_failed', {
    detail: message,
    findings: [{ severity: 'error', code: 'crl_older', message, pointer: '/crl', hint }],
  });
}

function nameOf({ number, thisUpdate }: Pick<CrlDetails, 'number' | 'thisUpdate'>): string {
  return `${number === null ? 'without number' : `number ${number}`}, of ${thisUpdate}`;
}

/** Keeps where a list is fetched, due at once; null: nowhere. What the source said of its last answer counts for the same URL only. */
export function putSource({ db, now }: WriteContext, secretId: string, source: CrlSource | null): void {
  const present = db.select().from(crlSources).where(eq(crlSources.secretId, secretId)).get();
  if (source === null || present?.url !== source.url)
    db.delete(crlSources).where(eq(crlSources.secretId, secretId)).run();
  if (source === null) return;
  const row = { secretId, ...source, nextTryAt: now, failures: 0 };
  const set = { refreshMs: source.refreshMs, nextTryAt: now };
  db.insert(crlSources).values(row).onConflictDoUpdate({ target: crlSources.secretId, set }).run();
}

export function fetchingOf(db: StoreDatabase, secretId: string): CrlFetching | null {
  const row = db.select().from(crlSources).where(eq(crlSources.secretId, secretId)).get();
  if (row === undefined) return null;
  const { secretId: _, etag: __, lastModified: ___, ...fetching } = row;
  return fetching;
}

export function dueCrls(db: StoreDatabase, now: number, limit: number): CrlTask[] {
  const rows = db
    .select({
      source: crlSources,
      project: secrets.project,
      name: secrets.name,
      details: secrets.details,
    })
    .from(crlSources)
    .innerJoin(secrets, eq(secrets.id, crlSources.secretId))
    .where(lte(crlSources.nextTryAt, now))
    .orderBy(asc(crlSources.nextTryAt))
    .limit(limit)
    .all();
  return rows.flatMap(({ source, project, name, details: { crl } }): CrlTask[] => {
    if (crl === undefined) return [];
    const caPem = caPemOf(db, project, crl.ca);
    return [{ ...source, project: project as ResourceName, name: name as ResourceName, details: crl, caPem }];
  });
}

/** Empty where there is no such tls-ca, whose lists nothing can have signed. */
function caPemOf(db: StoreDatabase, project: string, name: string): string {
  const ca = db
    .select({ details: secrets.details })
    .from(secrets)
    .where(and(eq(secrets.project, project), eq(secrets.name, name)))
    .get();
  return ca?.details.caPem ?? '';
}

export function nextCrlTryAt(db: StoreDatabase): number | null {
  return (
    db
      .select({ at: min(crlSources.nextTryAt) })
      .from(crlSources)
      .get()?.at ?? null
  );
}

export function noteCrl(
  context: WriteContext,
  { secretId, url, caPem }: Pick<CrlTask, 'secretId' | 'url' | 'caPem'>,
  outcome: CrlOutcome,
  nextTryAt: number,
): boolean {
  const { db, now } = context;
  const source = db.select().from(crlSources).where(eq(crlSources.secretId, secretId)).get();
  const secret = db.select().from(secrets).where(eq(secrets.id, secretId)).get();
  const present = secret?.details.crl;
  if (source?.url !== url || secret === undefined || present === undefined) return false;
  // What was found good, or bad, by the former CAs says nothing of the present ones: the list stays due.
  if (caPemOf(db, secret.project, present.ca) !== caPem) return false;
  const tried = { triedAt: now, nextTryAt };
  const good = { ...tried, fetchedAt: now, failures: 0, error: null };
  const set =
    outcome.kind === 'failed'
      ? { ...tried, failures: source.failures + 1, error: outcome.error }
      : outcome.kind === 'unchanged'
        ? good
        : { ...good, etag: outcome.etag, lastModified: outcome.lastModified };
  db.update(crlSources).set(set).where(eq(crlSources.secretId, secretId)).run();
  if (outcome.kind === 'fetched') {
    requireNewerList(present, outcome.details);
    const crl = { ...present, ...outcome.details, policy: present.policy };
    const details = { ...secret.details, crl };
    db.update(secrets).set({ details }).where(eq(secrets.id, secretId)).run();
    context.log.put('crl', secretId, { ...outcome.document, policy: present.policy }, now);
    // Its first list: the hosts of its CA do not name it yet.
    if (present.thisUpdate === null)
      recompileAffected(context, { kind: 'secret', project: secret.project, name: present.ca });
  }
  return true;
}

/** Null of what is no list, and of one that cannot be read. */
export function findCrl(log: ChangeLog, secretId: string): CrlDocument | null {
  return CHANGE_BODIES.crl.safeParse(log.find('crl', secretId)).data ?? null;
}

export function requestCrl({ db, now }: WriteContext, secretId: string, name: string): void {
  const asked = db.update(crlSources).set({ nextTryAt: now }).where(eq(crlSources.secretId, secretId)).run();
  if (asked.changes > 0) return;
  const message = `secret ${name} has no url that it is fetched from`;
  const hint = 'only revocation lists with a url are fetched: postern secret create crl NAME --url URL';
  throw new PosternError('validation_failed', {
    detail: message,
    findings: [{ severity: 'error', code: 'crl_no_url', message, pointer: '', hint }],
  });
}
