import type { PosternClient, RefusalsFound } from '@postern/client';
import {
  clientCaNamesOf,
  parseWith,
  type RefusalResource,
  type RouteDescriptor,
  type RouteResource,
  routeDescriptor,
  type SubjectMatcher,
} from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { formatFindings } from '../descriptor/format-findings.ts';

/** Entries read of those who would be refused; a question names ten of them. */
const READ_MAX = 1_000;
const NAMED_MAX = 10;

/** Fails (conflict) where a route enforces all that it demands, or asks for no certificate. */
export function requireObserved({ name, spec }: RouteResource): void {
  if (spec.tls?.clientValidationCa?.mode === 'observe' || hasObservedMatcher(spec)) return;
  if (clientCaNamesOf(spec).length === 0) {
    throw new CliFailure('conflict', `route ${name} asks for no client certificate`, {
      hint: `observe first: postern route update ${name} --client-ca-secret NAME --client-ca-mode observe`,
    });
  }
  const byMatcher = '`observe: true` beside a matcher';
  // No rule may demand anything while the CA is only observed.
  const isByRules = spec.routes.some(({ clientCertificate }) => clientCertificate !== undefined);
  throw new CliFailure('conflict', `route ${name} is enforced`, {
    hint: isByRules
      ? `to only observe names: ${byMatcher}`
      : `to only observe: postern route update ${name} --client-ca-mode observe, or ${byMatcher}`,
  });
}

/** Whose verdict within `sinceMs` would have been another one if what is observed were enforced, the latest first. */
export async function readObserved(
  client: PosternClient,
  project: string,
  route: string,
  sinceMs: number,
): Promise<RefusalsFound> {
  const since = new Date(Date.now() - sinceMs);
  const filter = { route, since, limit: READ_MAX };
  const refused = await client.refusals.list(project, { ...filter, observed: true });
  const admitted = await client.refusals.list(project, { ...filter, observedMatch: true });
  return {
    items: [...refused.items, ...admitted.items].toSorted((one, other) =>
      one.lastAt === other.lastAt ? 0 : one.lastAt < other.lastAt ? 1 : -1,
    ),
    dropped: refused.dropped,
    more: refused.more || admitted.more,
  };
}

/** The descriptor with the demand enforced. Validation failure where that cannot be. */
export function enforcedSpec({ name, spec }: RouteResource): RouteDescriptor {
  const { clientValidationCa: ca, ...tls } = spec.tls ?? {};
  const { mode: _, ...clientValidationCa } = ca ?? {};
  const { clientCertificate, ...validation } = spec.validation ?? {};
  const result = parseWith(routeDescriptor, {
    ...spec,
    ...(ca === undefined ? {} : { tls: { ...tls, clientValidationCa } }),
    ...(clientCertificate === undefined
      ? {}
      : { validation: { ...validation, clientCertificate: enforced(clientCertificate) } }),
    routes: spec.routes.map((rule) =>
      rule.clientCertificate === undefined
        ? rule
        : { ...rule, clientCertificate: enforced(rule.clientCertificate) },
    ),
  });
  if (result.ok) return result.value;
  throw new CliFailure('validation_failed', `the route "${name}" is not valid`, {
    report: formatFindings(result.findings),
    findings: result.findings,
  });
}

function hasObservedMatcher({ validation, routes }: RouteDescriptor): boolean {
  const demands = [validation?.clientCertificate, ...routes.map((rule) => rule.clientCertificate)];
  return demands.some((demand) => demand?.subjectMatches?.some(({ observe }) => observe === true));
}

/** A demand all of whose matchers decide. */
function enforced<T extends { readonly subjectMatches?: readonly SubjectMatcher[] | undefined }>(demand: T) {
  const { subjectMatches } = demand;
  if (subjectMatches === undefined) return demand;
  return { ...demand, subjectMatches: subjectMatches.map(({ observe: _, ...matcher }) => matcher) };
}

/** What is asked before a route is enforced: whom that locks out. */
export function questionOfEnforce(route: string, found: RefusalsFound): string {
  const { dropped, more } = found;
  const items = found.items.filter(({ observed }) => observed);
  const missing = dropped > 0 ? ` ${dropped} more could not be recorded.` : '';
  if (items.length === 0)
    return `Enforce what route "${route}" only observes? Nobody seen would be refused.${missing}`;
  const lines = items
    .slice(0, NAMED_MAX)
    .map((item) => `  ${whoOf(item)}: ${item.reason}, last ${item.lastAt}`);
  const rest = items.length - lines.length;
  const count = `${items.length}${more ? ' or more' : ''}`;
  return `Enforce what route "${route}" only observes? That turns away (${count} entries):\n${lines.join('\n')}${rest > 0 ? `\n  and ${rest} more` : ''}\n${missing}`;
}

/** Who a refusal is about, on one line. */
export function whoOf({ subject, fingerprint, clientAddress }: RefusalResource): string {
  if (subject !== null) return `${subject} (${fingerprint ?? ''})`;
  return clientAddress === null ? 'several clients' : `no certificate, from ${clientAddress}`;
}
