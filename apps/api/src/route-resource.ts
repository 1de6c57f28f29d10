import { checkDescriptor } from '@postern/compile';
import type { Finding, ResourceName, RouteResource } from '@postern/contracts';
import { coversHost } from '@postern/pki';
import type { RouteRecord, SecretRecord } from '@postern/store';
import type { ApiParts } from './api-parts.ts';
import { findingsUnder } from './body-pointers.ts';
import { resourceMetaOf } from './resource-meta.ts';
import { routeStatusOf } from './route-status.ts';

type Parts = Pick<ApiParts, 'store' | 'edges' | 'publicHttpsPort' | 'now'>;

/** A stored route as callers see it: with its status and what is doubtful about it. */
export async function routeResourceOf(parts: Parts, record: RouteRecord): Promise<RouteResource> {
  const name = record.spec.tls?.serverCertificate?.name;
  const secrets =
    name === undefined
      ? []
      : [await parts.store.getSecret({ project: record.project as ResourceName, name })];
  return resourceOf(parts, record, new Map(secrets.map((secret) => [secret.name, secret])));
}

/** The same for many routes of one project, with one look at its secrets. */
export async function routeResourcesOf(
  parts: Parts,
  records: readonly RouteRecord[],
): Promise<RouteResource[]> {
  const project = records.find((record) => record.spec.tls?.serverCertificate !== undefined)?.project;
  const secrets = project === undefined ? [] : await parts.store.listSecrets(project as ResourceName);
  const byName = new Map(secrets.map((secret) => [secret.name, secret]));
  return records.map((record) => resourceOf(parts, record, byName));
}

function resourceOf(
  parts: Parts,
  record: RouteRecord,
  secrets: ReadonlyMap<string, SecretRecord>,
): RouteResource {
  const warnings = checkDescriptor(record.spec).filter((finding) => finding.severity === 'warning');
  return {
    ...resourceMetaOf(record),
    spec: record.spec,
    status: routeStatusOf(record, parts.edges.listConnected(parts.now()), parts.publicHttpsPort),
    findings: findingsUnder('spec', [...warnings, ...checkServerCertificate(record, secrets, parts.now())]),
  };
}

/** Warns of a server certificate that clients of the host will not accept. */
function checkServerCertificate(
  record: RouteRecord,
  secrets: ReadonlyMap<string, SecretRecord>,
  now: number,
): Finding[] {
  const name = record.spec.tls?.serverCertificate?.name;
  const leaf = name === undefined ? undefined : secrets.get(name)?.details.certificates?.[0];
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
