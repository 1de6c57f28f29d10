import { checkDescriptor, clientCaDoubts, namelessCasOf } from '@postern/compile';
import type { Finding, ResourceName, RouteResource, SecretDetails } from '@postern/contracts';
import { coversHost } from '@postern/pki';
import type { RouteRecord, WriteMode, Written } from '@postern/store';
import type { ApiParts } from './api-parts.ts';
import { findingsUnder } from './body-pointers.ts';
import { conditionTimesOf } from './condition-times.ts';
import { resourceMetaOf } from './resource-meta.ts';
import { routeStatusOf } from './route-status.ts';

type Parts = Pick<ApiParts, 'store' | 'edges' | 'publicHttpsPort' | 'now'>;

/** A stored route as callers see it: with its status and what is doubtful about it. */
export async function routeResourceOf(parts: Parts, record: RouteRecord): Promise<RouteResource> {
  return resourceOf(parts, record, await secretsOf(parts, [record]));
}

/**
 * The route that a write left, or would leave: one that was only tried changes no time of a condition, and names no revision
 * that will never be.
 */
export async function writtenRouteOf(
  parts: Parts,
  { record, revision }: Written<RouteRecord>,
  { dryRun }: WriteMode,
): Promise<RouteResource> {
  if (dryRun !== true) return routeResourceOf(parts, record);
  const secrets = await secretsOf(parts, [record]);
  const resource = resourceOf(parts, record, secrets, () => parts.now());
  return { ...resource, status: { ...resource.status, revision } };
}

/** The same as `routeResourceOf` for many routes of one project, with one look at the secrets that they name. */
export async function routeResourcesOf(
  parts: Parts,
  records: readonly RouteRecord[],
): Promise<RouteResource[]> {
  const secrets = await secretsOf(parts, records);
  return records.map((record) => resourceOf(parts, record, secrets));
}

async function secretsOf(
  parts: Parts,
  records: readonly RouteRecord[],
): Promise<ReadonlyMap<string, SecretDetails>> {
  const names = new Set(
    records.flatMap((record) =>
      [
        record.spec.tls?.serverCertificate?.name,
        ...namelessCasOf(record.spec).map(({ name }) => name),
      ].filter((name) => name !== undefined),
    ),
  );
  const project = records[0]?.project;
  if (project === undefined || names.size === 0) return new Map();
  return parts.store.secretDetails(project as ResourceName, [...names]);
}

function resourceOf(
  parts: Parts,
  record: RouteRecord,
  secrets: ReadonlyMap<string, SecretDetails>,
  sinceOf = (reason: string) => conditionTimesOf(parts.edges).observe(record.id, reason, parts.now()),
): RouteResource {
  const now = parts.now();
  const edges = parts.edges.listConnected(now);
  const leaf = serverLeafOf(record, secrets);
  const secretEnds = leaf === undefined ? null : Date.parse(leaf.notAfter);
  const warnings = checkDescriptor(record.spec).filter((finding) => finding.severity === 'warning');
  return {
    ...resourceMetaOf(record),
    spec: record.spec,
    status: routeStatusOf(record, edges, parts.publicHttpsPort, sinceOf, now, secretEnds),
    findings: findingsUnder('spec', [
      ...warnings,
      ...checkServerCertificate(record, secrets, parts.now()),
      ...clientCaDoubts(record.spec, (name) => secrets.get(name)?.caPem),
    ]),
  };
}

/** What is known of the certificate that a route names a secret for. */
function serverLeafOf({ spec }: RouteRecord, secrets: ReadonlyMap<string, SecretDetails>) {
  const name = spec.tls?.serverCertificate?.name;
  return name === undefined ? undefined : secrets.get(name)?.certificates?.[0];
}

/** Warns of a server certificate that clients of the host will not accept. */
function checkServerCertificate(
  record: RouteRecord,
  secrets: ReadonlyMap<string, SecretDetails>,
  now: number,
): Finding[] {
  const name = record.spec.tls?.serverCertificate?.name;
  const leaf = serverLeafOf(record, secrets);
  if (name === undefined || leaf === undefined) return [];
  const findings: Finding[] = [];
  const warn = (code: string, message: string) =>
    findings.push({ severity: 'warning', code, message, pointer: '/tls/serverCertificate/name' });
  if (!coversHost(leaf.dnsNames, record.spec.host)) {
    const names = leaf.dnsNames.length === 0 ? 'no DNS name' : leaf.dnsNames.slice(0, 5).join(', ');
    warn('certificate_host', `the certificate of secret "${name}" names ${names}, not ${record.spec.host}`);
  }
  if (Date.parse(leaf.notAfter) < now) {
    warn('certificate_expired', `the certificate of secret "${name}" expired on ${leaf.notAfter}`);
  }
  return findings;
}
