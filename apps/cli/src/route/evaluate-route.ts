import {
  type CheckedList,
  type ClientBundle,
  type RequestEvaluation,
  readCheckedList,
} from '@postern/admission';
import type { PosternClient } from '@postern/client';
import { compileHost } from '@postern/compile';
import {
  clientCaNamesOf,
  type Hostname,
  type HostRows,
  PosternError,
  type RevocationEntry,
  type RevocationResource,
  type RouteResource,
  type SecretResource,
  type ServiceSpec,
  wildcardOf,
} from '@postern/contracts';
import { nameKeyOf, parseCertificatesPem } from '@postern/pki';
import { CliFailure } from '../cli-failure.ts';
import { bundleOf, evaluateKnownRoute, type KnownRoute, sourcesOf } from './known-route.ts';
import type { TestRequest } from './read-test-request.ts';

/** A route, and what a request to it would meet. */
export interface RouteEvaluation {
  readonly route: RouteResource;
  readonly known: KnownRoute;
  readonly evaluation: RequestEvaluation;
}

/**
 * Evaluates a request against what the API has stored, compiled as the API compiles it for the edges. Fails with exit status 5 where
 * no route of the project serves the host. `now` is milliseconds since 1970.
 */
export async function evaluateRoute(
  client: PosternClient,
  project: string,
  request: TestRequest,
  chain: readonly Buffer[] | null,
  now: number,
): Promise<RouteEvaluation> {
  const { route, known } = await readKnownRoute(client, project, request.serverName);
  return { route, known, evaluation: evaluateKnownRoute(known, request, chain, now) };
}

/** Reads the route that serves a host, its CAs, the revocations and the lists. Exit status 5 where no route of the project serves it. */
export async function readKnownRoute(
  client: PosternClient,
  project: string,
  host: Hostname,
): Promise<{ route: RouteResource; known: KnownRoute }> {
  const route = findRoute(await client.routes.list(project), host);
  if (route === undefined) {
    throw new CliFailure('not_found', `no route of project ${project} serves ${host}`, {
      hint: 'see the hosts of the project: postern route list',
    });
  }
  const { rows, secrets } = await readRows(client, project, route);
  const authorities = clientCaNamesOf(route.spec).flatMap((name) => secrets.get(name) ?? []);
  const document = compileHost(rows);
  // An open host asks nobody, and most projects revoke nothing.
  const revoked = authorities.length === 0 ? [] : await client.revocations.list(project);
  const idOf = (name: string) => secrets.get(name)?.id;
  const sources = sourcesOf(
    authorities.flatMap(readBundle),
    revoked.flatMap((one) => entryOf(one, idOf)),
    await readLists(client, project, authorities),
  );
  const caNames = new Map(authorities.map(({ id, name }) => [id, name]));
  return { route, known: { name: route.name, document, sources, caNames } };
}

/** The exact host comes before the wildcard one label up, as on the edge. */
function findRoute(routes: readonly RouteResource[], host: Hostname): RouteResource | undefined {
  const wildcard = wildcardOf(host);
  return (
    routes.find(({ spec }) => spec.host === host) ??
    (wildcard === undefined ? undefined : routes.find(({ spec }) => spec.host === wildcard))
  );
}

async function readRows(
  client: PosternClient,
  project: string,
  route: RouteResource,
): Promise<{ rows: HostRows; secrets: ReadonlyMap<string, SecretResource> }> {
  const { tls, routes } = route.spec;
  const services = new Map<string, ServiceSpec>();
  for (const name of new Set(routes.map((rule) => rule.route.service as string))) {
    const service = await found(client.services.get(project, name));
    if (service !== undefined) services.set(name, service.spec);
  }
  const names = [
    ...clientCaNamesOf(route.spec),
    tls?.serverCertificate?.name,
    ...[...services.values()].flatMap((spec) => [spec.tls?.ca?.name, spec.tls?.clientCertificate?.name]),
  ].filter((name) => name !== undefined);
  const secrets = new Map<string, SecretResource>();
  for (const name of new Set<string>(names)) {
    const secret = await found(client.secrets.get(project, name));
    if (secret !== undefined) secrets.set(name, secret);
  }
  const rows: HostRows = {
    project,
    route: { name: route.name, spec: route.spec },
    services,
    secrets: new Map([...secrets].map(([name, { id, type }]) => [name, { id, type }])),
    isHostVerified: route.status.conditions.every(({ type, status }) => type !== 'HostValidation' || status),
    issuedCertificate: route.status.reason === 'CertificatePending' ? null : 'issued',
  };
  return { rows, secrets };
}

/** What is there, or undefined: a reference to nothing closes the host, and is said by the compiler. */
async function found<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof PosternError && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** The anchors of a secret, by its id; one that cannot be read vouches for nobody. */
function readBundle({ id, details }: SecretResource): ClientBundle[] {
  const parsed = parseCertificatesPem(details.caPem ?? '', { pointer: '' });
  return parsed.ok
    ? [
        bundleOf(
          id,
          parsed.certificates.map(({ der }) => der),
        ),
      ]
    : [];
}

/** The revocation lists of CAs, as edges have them; one that cannot be used closes the hosts there, and fails here. */
async function readLists(
  client: PosternClient,
  project: string,
  authorities: readonly SecretResource[],
): Promise<CheckedList[]> {
  const names = authorities.flatMap(({ usedBy }) => usedBy).filter((user) => user.startsWith('secret/'));
  const lists: CheckedList[] = [];
  for (const name of names.map((user) => user.slice('secret/'.length))) {
    // Not found before the first one has been fetched.
    const document = await found(client.secrets.crl(project, name));
    if (document !== undefined) lists.push(readCheckedList(name, document));
  }
  return lists;
}

/** A revocation as the edges of the project get it; one that names a CA of another route does not matter here. */
function entryOf(
  { id, client, reason, route, ca }: RevocationResource,
  idOf: (secret: string) => string | undefined,
): RevocationEntry[] {
  const bundle = ca === null ? null : idOf(ca);
  if (bundle === undefined) return [];
  const issuerKey = client.by === 'serial' ? nameKeyOf(client.issuer) : '';
  if (issuerKey === undefined) return [];
  const named =
    client.by === 'serial'
      ? ({ by: 'serial', serialNumber: client.serialNumber, issuerKey } as const)
      : client;
  return [{ id, client: named, reason, route, ca: bundle }];
}
