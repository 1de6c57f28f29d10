import type { PosternClient, Written } from '@postern/client';
import {
  parseWith,
  type RouteResource,
  type RouteRotation,
  routeDescriptor,
  type SecretResource,
} from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { formatFindings } from '../descriptor/format-findings.ts';

/** Clients that a question or a refusal names. */
const NAMED_MAX = 10;

/** The client CA of a route that is to be replaced. Conflict where a rotation is under way, or there is no client CA. */
export function caBeforeRotation({ name, spec }: RouteResource, next: string): { name: string } {
  const ca = spec.tls?.clientValidationCa;
  if (ca === undefined) {
    throw new CliFailure('conflict', `route ${name} has no client CA that could be replaced`, {
      hint: `demand certificates: postern route update ${name} --client-ca-secret ${next}`,
    });
  }
  if (ca.next !== undefined) {
    throw new CliFailure('conflict', `route ${name} is in a rotation from ${ca.name} to ${ca.next.name}`, {
      hint: `see how far it is: postern route rotate-ca status ${name}`,
    });
  }
  return ca;
}

/** Both CAs of a route in rotation. Conflict where it is in none. */
export function casOfRotation({ name, spec }: RouteResource): { current: string; next: string } {
  const ca = spec.tls?.clientValidationCa;
  if (ca?.next !== undefined) return { current: ca.name, next: ca.next.name };
  throw new CliFailure('conflict', `route ${name} is in no rotation`, {
    hint: `begin one: postern route rotate-ca start ${name} --next SECRET`,
  });
}

/**
 * What must be known before both CAs are trusted: where CAs of one name have different keys, OpenSSL takes the present one
 * for every certificate that does not say which it means (authorityKeyIdentifier).
 */
export async function warnOfNames(
  client: PosternClient,
  project: string,
  current: string,
  next: string,
): Promise<string[]> {
  const [present, coming] = await Promise.all([
    client.secrets.get(project, current),
    client.secrets.get(project, next).catch(() => undefined),
  ]);
  const known = certificatesOf(present);
  const same = certificatesOf(coming).filter(({ subject, fingerprint }) =>
    known.some((other) => other.subject === subject && other.fingerprint !== fingerprint),
  );
  return [...new Set(same.map(({ subject }) => subject))].map(
    (subject) =>
      `warning: ${current} and ${next} both hold a CA of the name ${subject}: until the rotation is over, clients of ${next} whose certificates lack an authorityKeyIdentifier are refused (chain_order); issue them with one, or give the new CA another name`,
  );
}

function certificatesOf(secret: SecretResource | undefined) {
  return secret?.details.certificates ?? [];
}

/** Writes the route with these client CAs; everything else stays. Conflict where somebody else wrote since it was read. */
export function writeClientCas(
  client: PosternClient,
  project: string,
  { name: route, version, spec }: RouteResource,
  { current, next }: { readonly current: string; readonly next?: string },
): Promise<Written<RouteResource>> {
  const { next: _, ...kept } = spec.tls?.clientValidationCa ?? {};
  const clientValidationCa = {
    ...kept,
    name: current,
    ...(next === undefined ? {} : { next: { name: next } }),
  };
  const changed = parseWith(routeDescriptor, { ...spec, tls: { ...spec.tls, clientValidationCa } });
  if (!changed.ok) {
    throw new CliFailure('validation_failed', `the route "${route}" is not valid`, {
      report: formatFindings(changed.findings),
      findings: changed.findings,
    });
  }
  return client.routes.update(project, route, { spec: changed.value }, { ifVersion: version });
}

/** Refuses the end of a rotation while something stands against it, unless forced. Conflict. */
export function requireFinishable(rotation: RouteRotation, isForced: boolean): void {
  if (rotation.finishable || isForced) return;
  const { route, obstacles } = rotation;
  const report = [...obstacles.map(({ message }) => `- ${message}`), ...linesOf(rotation)].join('\n');
  throw new CliFailure('conflict', `the rotation of route ${route} is not over`, {
    report: `${report}\n`,
    hint: 'move those clients, or wait; --force turns them away',
  });
}

/** What is asked before the present CA goes: whom that locks out. */
export function questionOfFinish(rotation: RouteRotation): string {
  const { route, current, next, clientsTotal } = rotation;
  const who =
    clientsTotal === 0
      ? 'Nobody is known to need it.'
      : `That turns away ${clientsTotal} ${clientsTotal === 1 ? 'client' : 'clients'}:\n${linesOf(rotation).join('\n')}\n`;
  return `Let "${next}" take the place of "${current}" on route "${route}"? ${who}`;
}

function linesOf({ clients, clientsTotal }: RouteRotation): string[] {
  const named = clients.slice(0, NAMED_MAX);
  const more = clientsTotal - named.length;
  return [
    ...named.map(({ subject, fingerprint, lastAt }) => `  ${subject} (${fingerprint}), last seen ${lastAt}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
