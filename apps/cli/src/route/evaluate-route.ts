import { evaluateRequest, type RequestEvaluation, readAnchors } from '@postern/admission';
import type { PosternClient } from '@postern/client';
import { compileHost } from '@postern/compile';
import {
  type Hostname,
  type HostRows,
  PosternError,
  type RouteResource,
  type SecretResource,
  type ServiceSpec,
  wildcardOf,
} from '@postern/contracts';
import { parseCertificatesPem } from '@postern/pki';
import { CliFailure } from '../cli-failure.ts';
import type { TestRequest } from './read-test-request.ts';

/** A route, and what a request to it would meet. */
export interface RouteEvaluation {
  readonly route: RouteResource;
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
  const route = findRoute(await client.routes.list(project), request.serverName);
  if (route === undefined) {
    throw new CliFailure('not_found', `no route of project ${project} serves ${request.serverName}`, {
      hint: 'see the hosts of the project: postern route list',
    });
  }
  const { rows, secrets } = await readRows(client, project, route);
  const document = compileHost(rows);
  const ca = route.spec.tls?.clientValidationCa?.name;
  const anchors = ca === undefined ? null : anchorsOf(secrets.get(ca));
  return { route, evaluation: evaluateRequest(document, { ...request, chain }, { anchors, now }) };
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
    tls?.clientValidationCa?.name,
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
    issuedCertificate: route.status.reason === 'certificate_pending' ? null : 'issued',
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

function anchorsOf(secret: SecretResource | undefined): ReturnType<typeof readAnchors> | null {
  const parsed = parseCertificatesPem(secret?.details.caPem ?? '', { pointer: '' });
  return parsed.ok ? readAnchors(parsed.certificates.map(({ der }) => der)) : null;
}
