import type { ResourceName } from './resource-name.ts';
import type { RouteDescriptor } from './route.ts';

/** What of a descriptor names client CAs. */
type NamesCas = Pick<RouteDescriptor, 'routes' | 'tls'>;

/** Names of the `tls-ca` secrets that rules demand, each once, in the order of the rules. */
export function ruleCaNamesOf({ routes }: Pick<NamesCas, 'routes'>): ResourceName[] {
  return [...new Set(routes.flatMap(({ clientCertificate }) => clientCertificate?.ca?.name ?? []))];
}

/** Names of all `tls-ca` secrets whose clients a handshake of this route asks for, each once: its own first, then those of its rules. */
export function clientCaNamesOf(spec: NamesCas): ResourceName[] {
  const { name, next } = spec.tls?.clientValidationCa ?? {};
  return [...new Set([name, next?.name, ...ruleCaNamesOf(spec)].filter((one) => one !== undefined))];
}
