import {
  clientCaNamesOf,
  type Hostname,
  type HostRows,
  type ResourceName,
  type RouteDescriptor,
  type SecretRow,
  type ServiceSpec,
} from '@postern/contracts';
import { and, asc, eq, isNotNull, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/sqlite-core';
import { certificateIdOfHost } from './certificate-use.ts';
import type { StoreDatabase } from './open-database.ts';
import { prepareOnce, unseenByPlanner } from './prepare-once.ts';
import { changes, hostnames, secrets, services } from './schema.ts';

/** Names of the services a route leads to, each once. */
export function servicesOfRoute(spec: RouteDescriptor): ResourceName[] {
  return [...new Set(spec.routes.map((rule) => rule.route.service))];
}

/** Names of the secrets a route names itself, each once. */
export function secretsOfRoute(spec: RouteDescriptor): ResourceName[] {
  return [...new Set([...clientCaNamesOf(spec), ...namesOf(spec.tls?.serverCertificate)])];
}

/** Names of the secrets a service names, each once. */
export function secretsOfService(spec: ServiceSpec): ResourceName[] {
  return namesOf(spec.tls?.ca, spec.tls?.clientCertificate);
}

function namesOf(...references: readonly ({ name: ResourceName } | undefined)[]): ResourceName[] {
  return [...new Set(references.flatMap((reference) => (reference === undefined ? [] : [reference.name])))];
}

/**
 * Gathers the rows from which hosts are compiled. Services and secrets are read once for each gatherer, because many
 * hosts share them; so one may live only as long as the transaction that it reads in, and be made after the writes.
 */
export class HostRowsGatherer {
  readonly #db: StoreDatabase;
  readonly #services = new Map<string, { spec: ServiceSpec } | undefined>();
  readonly #secrets = new Map<string, SecretRow | undefined>();
  readonly #lists = new Map<string, ListRow[]>();
  readonly #revocations = new Map<string, { id: string } | undefined>();

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  hostRows(route: { project: string; name: string; spec: RouteDescriptor }): HostRows {
    const found = new Map<string, ServiceSpec>();
    const secretNames = new Set<string>(secretsOfRoute(route.spec));
    for (const name of servicesOfRoute(route.spec)) {
      const spec = this.#service(route.project, name);
      if (spec === undefined) continue;
      found.set(name, spec);
      for (const secret of secretsOfService(spec)) secretNames.add(secret);
    }
    return {
      project: route.project,
      route: { name: route.name, spec: route.spec },
      services: found,
      secrets: this.secretRows(route.project, secretNames),
      isHostVerified: this.#isVerified(route.spec.host),
      ...this.#certificates(route),
      hasRevocations: this.#hasRevocations(route.project),
      crls: this.#crls(route),
    };
  }

  /** Those of the named secrets that exist. */
  secretRows(project: string, names: Iterable<string>): Map<string, SecretRow> {
    const rows = new Map<string, SecretRow>();
    for (const name of names) {
      const row = this.#secret(project, name);
      if (row !== undefined) rows.set(name, row);
    }
    return rows;
  }

  #service(project: string, name: string): ServiceSpec | undefined {
    return remember(this.#services, `${project}/${name}`, () =>
      serviceByName(this.#db).get({ project, name }),
    )?.spec;
  }

  #secret(project: string, name: string): SecretRow | undefined {
    return remember(this.#secrets, `${project}/${name}`, () => secretByName(this.#db).get({ project, name }));
  }

  #crls({ project, spec }: { project: string; spec: RouteDescriptor }): { id: string; ca: string }[] {
    const named = clientCaNamesOf(spec);
    if (named.length === 0) return [];
    const all = remember(this.#lists, project, () => listsOf(this.#db, project)) ?? [];
    return all.filter(({ ca, isThere }) => isThere && named.some((name) => name === ca));
  }

  #certificates({
    project,
    spec,
  }: {
    project: string;
    spec: RouteDescriptor;
  }): Pick<HostRows, 'issuedCertificate' | 'servedCertificate'> {
    const issuedCertificate = certificateIdOfHost(this.#db, project, spec.host);
    const isPending = issuedCertificate === null && spec.tls?.serverCertificate === undefined;
    return {
      issuedCertificate,
      servedCertificate: isPending ? servedCertificateOf(this.#db, spec.host) : null,
    };
  }

  /** A name that is not there yet stands for nobody's: what is drafted for it is told as it would be. */
  #isVerified(host: Hostname): boolean {
    const row = verificationOf(this.#db).get({ host });
    return row === undefined || row.verifiedAt !== null;
  }

  #hasRevocations(project: string): boolean {
    const row = remember(this.#revocations, project, () => revocationsOf(this.#db).get({ project }));
    return row !== undefined;
  }
}

/** A revocation list; `ca` is the name of its tls-ca, `isThere` false before the first one is fetched. */
interface ListRow {
  readonly id: string;
  readonly name: string;
  readonly ca: string;
  readonly isThere: boolean;
}

/** What a host document in `changes` names as its certificate; null where it names none, or is damaged. */
export const certificateOfDocument = sql`iif(json_valid(${changes.body}), json_extract(${changes.body}, '$.certificate'), null)`;

/** The certificate that the present document of a host names; null where it names none, or one that is gone. */
function servedCertificateOf(db: StoreDatabase, host: string): string | null {
  const certificate = alias(changes, 'certificate');
  const row = db
    .select({ id: certificate.id })
    .from(changes)
    .innerJoin(
      certificate,
      and(
        eq(certificate.kind, 'certificate'),
        eq(certificate.id, certificateOfDocument),
        isNotNull(certificate.body),
      ),
    )
    .where(and(eq(changes.kind, 'host'), eq(changes.id, host)))
    .get();
  return row?.id ?? null;
}

const serviceByName = prepareOnce((db) =>
  db
    .select({ spec: services.spec })
    .from(services)
    .where(and(eq(services.project, sql.placeholder('project')), eq(services.name, sql.placeholder('name'))))
    .prepare(),
);

const secretByName = prepareOnce((db) =>
  db
    .select({ id: secrets.id, type: secrets.type })
    .from(secrets)
    .where(and(eq(secrets.project, sql.placeholder('project')), eq(secrets.name, sql.placeholder('name'))))
    .prepare(),
);

const verificationOf = prepareOnce((db) =>
  db
    .select({ verifiedAt: hostnames.verifiedAt })
    .from(hostnames)
    .where(eq(hostnames.name, sql.placeholder('host')))
    .prepare(),
);

const revocationsOf = prepareOnce((db) =>
  db
    .select({ id: changes.id })
    .from(changes)
    .where(and(eq(changes.kind, 'revocation'), eq(changes.id, sql.placeholder('project'))))
    .prepare(),
);

const listsOfProject = prepareOnce((db) =>
  db
    .select({ id: secrets.id, name: secrets.name, details: secrets.details })
    .from(secrets)
    // In the words of the index: of all secrets of a project few are lists.
    .where(and(eq(secrets.project, unseenByPlanner('project')), sql`type = 'crl'`))
    .orderBy(asc(secrets.id))
    .prepare(),
);

/** The revocation lists of a project, by id. */
export function listsOf(db: StoreDatabase, project: string): ListRow[] {
  return listsOfProject(db)
    .all({ project })
    .map(({ id, name, details: { crl } }) => {
      return { id, name, ca: crl?.ca ?? '', isThere: crl?.thisUpdate != null };
    });
}

function remember<T>(known: Map<string, T>, key: string, read: () => T): T | undefined {
  if (!known.has(key)) known.set(key, read());
  return known.get(key);
}
