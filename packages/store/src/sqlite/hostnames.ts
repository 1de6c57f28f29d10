import {
  challengeTextOf,
  type Hostname,
  type HostnameState,
  PosternError,
  type ResourceName,
  type Revision,
} from '@postern/contracts';
import { and, asc, eq, gt, inArray, isNotNull, isNull, lte, min, or, sql } from 'drizzle-orm';
import type { HostnameCheck, HostnameClaim, HostnameRecord } from '../hostnames.ts';
import type { Written } from '../written.ts';
import { settleCertificates } from './certificate-use.ts';
import { HostRowsGatherer } from './host-rows.ts';
import type { StoreDatabase } from './open-database.ts';
import { isInList, prepareOnce } from './prepare-once.ts';
import { recompileRoute } from './recompile-hosts.ts';
import { requireProject } from './record-access.ts';
import { hostnames, projects, routes } from './schema.ts';
import type { WriteContext } from './write-context.ts';

type HostnameColumns = typeof hostnames.$inferSelect;

/**
 * Gives a name to a route that is about to be stored; one that the project has and no route uses is taken as it is.
 * `hostname_taken` names the route that has it only to its own project.
 */
export function claimHostname(
  { db, now }: WriteContext,
  host: Hostname,
  project: ResourceName,
  claim: HostnameClaim,
): void {
  const present = findHostname(db, host);
  if (present !== undefined) {
    const route = routeOf(db, host);
    if (present.project === project && route === undefined && claim.generated !== true) return;
    const isOwn = route !== undefined && present.project === project;
    const owner = isOwn ? `by route ${route.name}` : 'already';
    throw new PosternError('hostname_taken', { detail: `${host} is served ${owner}` });
  }
  insertHostname(db, host, project, claim, now);
}

export function isGeneratedHostname(db: StoreDatabase, host: Hostname): boolean {
  return findHostname(db, host)?.generated ?? false;
}

/**
 * A route gives a name up: its host ends as a tombstone, and the name goes unless it was added by itself. What was issued for it
 * stays with the project, and out of reach of whoever claims the name next. No route may hold the name any more.
 */
export function releaseHostname({ db, log, now }: WriteContext, host: Hostname): void {
  db.delete(hostnames)
    .where(and(eq(hostnames.name, host), eq(hostnames.kept, false)))
    .run();
  log.bury('host', host, now);
}

export function addHostname(
  { db, log, now }: WriteContext,
  project: ResourceName,
  name: Hostname,
  claim: HostnameClaim,
): Written<HostnameRecord> {
  requireProject(db, project);
  const present = findHostname(db, name);
  if (present !== undefined && (present.project !== project || claim.generated === true))
    throw new PosternError('hostname_taken', { detail: `${name} is taken` });
  if (present === undefined) insertHostname(db, name, project, claim, now);
  db.update(hostnames).set({ kept: true }).where(eq(hostnames.name, name)).run();
  const record = getHostname(db, project, name);
  return { record, created: present === undefined, revision: log.revision(), job: null };
}

export function getHostname(db: StoreDatabase, project: ResourceName, name: Hostname): HostnameRecord {
  const [record] = select(db)
    .where(and(eq(hostnames.project, project), eq(hostnames.name, name)))
    .all()
    .map(recordOf);
  if (record !== undefined) return record;
  throw new PosternError('not_found', { detail: `there is no hostname ${name} in project ${project}` });
}

export function listHostnames(
  db: StoreDatabase,
  project: ResourceName,
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
): HostnameRecord[] {
  requireProject(db, project);
  const rest = after === undefined ? undefined : gt(hostnames.name, after as Hostname);
  const where = and(eq(hostnames.project, project), rest);
  return select(db).where(where).orderBy(asc(hostnames.name)).limit(limit).all().map(recordOf);
}

export function removeHostname(
  context: WriteContext,
  project: ResourceName,
  name: Hostname,
): { revision: Revision } {
  const { route } = getHostname(context.db, project, name);
  if (route !== null)
    throw new PosternError('in_use', { detail: `hostname ${name} is used by route/${route}` });
  context.db.delete(hostnames).where(eq(hostnames.name, name)).run();
  return { revision: context.log.revision() };
}

export function requestHostnameCheck(
  { db, now }: WriteContext,
  project: ResourceName,
  name: Hostname,
): HostnameRecord {
  getHostname(db, project, name);
  db.update(hostnames).set({ checkAt: now }).where(eq(hostnames.name, name)).run();
  return getHostname(db, project, name);
}

export function listDueHostnames(db: StoreDatabase, now: number, limit: number): HostnameRecord[] {
  const due = and(isNotNull(hostnames.checkAt), lte(hostnames.checkAt, now));
  return select(db).where(due).orderBy(asc(hostnames.checkAt)).limit(limit).all().map(recordOf);
}

export function nextHostnameCheckAt(db: StoreDatabase): number | null {
  const row = db
    .select({ at: min(hostnames.checkAt) })
    .from(hostnames)
    .where(isNotNull(hostnames.checkAt))
    .get();
  return row?.at ?? null;
}

export function noteHostnameCheck(
  context: WriteContext,
  { project, name, createdAt, checkAt }: HostnameRecord,
  { found, proof, nextCheckAt }: HostnameCheck,
): void {
  const { db, now } = context;
  const present = findHostname(db, name);
  if (present === undefined || present.project !== project || present.createdAt !== createdAt) return;
  const state = stateAfter(present, proof);
  // Somebody may have asked for another look while this one was under way.
  const isAskedAnew = present.checkAt !== checkAt;
  const isOpened = state === 'Verified' && present.verifiedAt === null;
  db.update(hostnames)
    .set({
      ...{ found, state, checkedAt: now, checkAt: isAskedAnew ? present.checkAt : nextCheckAt },
      since: state === present.state ? present.since : now,
      failures: typeof proof === 'string' ? 0 : present.failures + 1,
      ...(isOpened ? { verifiedAt: now } : {}),
      ...(state === 'Verified' && typeof proof === 'string' ? { how: proof } : {}),
    })
    .where(eq(hostnames.name, name))
    .run();
  if (isOpened) openHost(context, present);
}

export function trustHostnames(context: WriteContext, below: Hostname | null, limit: number): number {
  const { db, now } = context;
  const end = `.${below}`;
  const trusted = db
    .select()
    .from(hostnames)
    .where(
      and(
        isNull(hostnames.verifiedAt),
        below === null
          ? undefined
          : or(
              inArray(hostnames.name, [below, `*.${below}` as Hostname]),
              sql`substr(${hostnames.name}, ${-end.length}) = ${end}`,
            ),
      ),
    )
    .limit(limit)
    .all();
  for (const row of trusted) {
    db.update(hostnames)
      .set({ state: 'NotRequired', since: now, verifiedAt: now, how: 'trusted', checkAt: null })
      .where(eq(hostnames.name, row.name))
      .run();
    openHost(context, row);
  }
  return trusted.length;
}

/** The rows of some names, by name. */
export function hostnamesOf(
  db: StoreDatabase,
  names: readonly Hostname[],
): ReadonlyMap<Hostname, HostnameRecord> {
  const rows = recordsByName(db).all({ names: JSON.stringify(names) });
  return new Map(rows.map((row) => [row.hostname.name, recordOf(row)]));
}

/** What is verified stays so: what a later check finds is told, and closes nothing. */
function stateAfter(present: HostnameColumns, proof: HostnameCheck['proof']): HostnameState {
  if (present.state === 'NotRequired') return 'NotRequired';
  if (typeof proof === 'string') return 'Verified';
  if (present.verifiedAt === null) return 'DnsNotVerified';
  return proof === null ? 'DnsChanged' : present.state;
}

/** A name is served from now on: its certificate is wanted, and the documents of its host and of those that share one with it say so. */
function openHost(context: WriteContext, { name, project }: HostnameColumns): void {
  const { db } = context;
  const names = settleCertificates(context, project, [name]);
  const gatherer = new HostRowsGatherer(db);
  for (const route of db.select().from(routes).where(inArray(routes.host, names)).all())
    recompileRoute(context, gatherer, route);
}

function insertHostname(
  db: StoreDatabase,
  name: Hostname,
  project: ResourceName,
  { generated = false, needsProof = false }: HostnameClaim,
  now: number,
): void {
  const trusted = generated ? 'generated' : 'trusted';
  db.insert(hostnames)
    .values({
      ...{ name, project, generated, createdAt: now, since: now },
      ...(needsProof && !generated
        ? { verifiedAt: null, how: 'none', state: 'Validating', checkAt: now }
        : { verifiedAt: now, how: trusted, state: 'NotRequired', checkAt: null }),
    })
    .run();
}

const hostnameByName = prepareOnce((db) =>
  db
    .select()
    .from(hostnames)
    .where(eq(hostnames.name, sql.placeholder('name')))
    .prepare(),
);

const recordsByName = prepareOnce((db) => select(db).where(isInList(hostnames.name, 'names')).prepare());

function findHostname(db: StoreDatabase, name: Hostname): HostnameColumns | undefined {
  return hostnameByName(db).get({ name });
}

function routeOf(db: StoreDatabase, host: Hostname): { name: string } | undefined {
  return db.select({ name: routes.name }).from(routes).where(eq(routes.host, host)).get();
}

function select(db: StoreDatabase) {
  return db
    .select({ hostname: hostnames, route: routes.name, projectId: projects.id })
    .from(hostnames)
    .innerJoin(projects, eq(projects.name, hostnames.project))
    .leftJoin(routes, eq(routes.host, hostnames.name));
}

function recordOf(row: {
  hostname: HostnameColumns;
  route: string | null;
  projectId: string;
}): HostnameRecord {
  const { how, ...columns } = row.hostname;
  return {
    ...columns,
    verifiedBy: how === 'none' ? null : how,
    token: challengeTextOf(row.projectId, columns.name),
    route: row.route as ResourceName | null,
  };
}
