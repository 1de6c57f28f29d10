import { type Hostname, PosternError, type ResourceName } from '@postern/contracts';
import { eq } from 'drizzle-orm';
import type { StoreDatabase } from './open-database.ts';
import { hostnames, routes } from './schema.ts';
import type { WriteContext } from './write-context.ts';

/**
 * Gives the name to the project; a generated one counts as verified.
 * `hostname_taken` names the route that has it only to its own project.
 */
export function claimHostname(
  { db, now }: WriteContext,
  host: Hostname,
  project: ResourceName,
  isGenerated: boolean,
): void {
  const present = db.select({ name: hostnames.name }).from(hostnames).where(eq(hostnames.name, host)).get();
  if (present !== undefined) {
    const route = db
      .select({ project: routes.project, name: routes.name })
      .from(routes)
      .where(eq(routes.host, host))
      .get();
    const owner = route?.project === project ? `by route ${route.name}` : 'already';
    throw new PosternError('hostname_taken', { detail: `${host} is served ${owner}` });
  }
  db.insert(hostnames)
    .values({
      name: host,
      project,
      generated: isGenerated,
      verifiedAt: isGenerated ? now : null,
      how: isGenerated ? 'generated' : 'claimed',
      createdAt: now,
    })
    .run();
}

export function isGeneratedHostname(db: StoreDatabase, host: Hostname): boolean {
  const row = db
    .select({ generated: hostnames.generated })
    .from(hostnames)
    .where(eq(hostnames.name, host))
    .get();
  return row?.generated ?? false;
}

/**
 * Gives a name up: its host ends as a tombstone. What was issued for it stays with the project, and out of reach of whoever
 * claims the name next. No route may hold the name any more.
 */
export function releaseHostname({ db, log, now }: WriteContext, host: Hostname): void {
  db.delete(hostnames).where(eq(hostnames.name, host)).run();
  log.bury('host', host, now);
}
