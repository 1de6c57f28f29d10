import { clientCaNamesOf, type Finding, type RouteDescriptor, ruleCaNamesOf } from '@postern/contracts';
import { and, asc, eq, inArray, ne } from 'drizzle-orm';
import { alias } from 'drizzle-orm/sqlite-core';
import type { Compiler } from '../store.ts';
import { refuseErrors } from './compiler-findings.ts';
import type { StoreDatabase } from './open-database.ts';
import { routeSecrets, routes, secrets } from './schema.ts';
import type { WriteContext } from './write-context.ts';

/** Errors where the client CAs that a route names cannot be asked for together; pointers into its descriptor. */
export function problemsOfClientCas(
  { db, compiler }: { readonly db: StoreDatabase; readonly compiler: Compiler },
  { project, spec }: { readonly project: string; readonly spec: RouteDescriptor },
): Finding[] {
  const names = clientCaNamesOf(spec);
  // One alone was looked at when it was written.
  if (names.length < 2) return [];
  const pointer = ruleCaNamesOf(spec).length > 0 ? '/routes' : '/tls/clientValidationCa/next';
  return compiler.checkClientCas([...pemsOf(db, project, names).values()], pointer);
}

/** Fails (`validation_failed`) where a tls-ca, as it is now, does not fit beside the other client CAs of a route that names it. */
export function requireFitsBesideOthers(
  { db, compiler }: Pick<WriteContext, 'db' | 'compiler'>,
  { project, name }: { readonly project: string; readonly name: string },
): void {
  const other = alias(routeSecrets, 'other');
  const rows = db
    .select({ route: routes.name, secret: other.secret })
    .from(routeSecrets)
    .innerJoin(other, and(eq(other.routeId, routeSecrets.routeId), ne(other.secret, name)))
    .innerJoin(
      secrets,
      and(eq(secrets.project, project), eq(secrets.name, other.secret), eq(secrets.type, 'tls-ca')),
    )
    .innerJoin(routes, eq(routes.id, routeSecrets.routeId))
    .where(and(eq(routeSecrets.project, project), eq(routeSecrets.secret, name)))
    .orderBy(asc(routes.name), asc(other.secret))
    .all();
  const othersOf = new Map<string, string[]>();
  for (const { route, secret } of rows) othersOf.set(route, [...(othersOf.get(route) ?? []), secret]);
  // Many routes name the same CAs.
  const routeOf = new Map([...othersOf].map(([route, others]) => [JSON.stringify(others), route]));
  const pems = pemsOf(db, project, [name, ...new Set(rows.map(({ secret }) => secret))]);
  for (const route of routeOf.values()) {
    const together = [name, ...(othersOf.get(route) ?? [])].flatMap((one) => pems.get(one) ?? []);
    const findings = compiler.checkClientCas(together, '/cert');
    refuseErrors(findings.map((one) => ({ ...one, message: `route "${route}": ${one.message}` })));
  }
}

/** The certificates of `tls-ca` secrets in PEM, by their names. */
function pemsOf(db: StoreDatabase, project: string, names: readonly string[]): Map<string, string> {
  const rows = db
    .select({ name: secrets.name, details: secrets.details })
    .from(secrets)
    .where(and(eq(secrets.project, project), inArray(secrets.name, [...names]), eq(secrets.type, 'tls-ca')))
    .all();
  return new Map(rows.map(({ name, details }) => [name, details.caPem ?? '']));
}
