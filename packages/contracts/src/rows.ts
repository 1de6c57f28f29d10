import type { RouteDescriptor } from './route.ts';
import type { SecretType } from './secret.ts';
import type { ServiceSpec } from './service.ts';

/** What the store gathers, inside one transaction, about one host, so that its document can be compiled. */
export interface HostRows {
  readonly project: string;
  readonly route: { readonly name: string; readonly spec: RouteDescriptor };
  /** Services the route's rules name, by name; one that is missing is absent. */
  readonly services: ReadonlyMap<string, ServiceSpec>;
  /** Secrets that the route and its services name, by name; one that is missing is absent. */
  readonly secrets: ReadonlyMap<string, SecretRow>;
  /** False: the host is closed until it is. Absent: as true. */
  readonly isHostVerified?: boolean;
  /** Id of the certificate issued for exactly this host, or null. */
  readonly issuedCertificate: string | null;
  /** Id of the certificate that the host is served by now, where none is issued and that one is still there; else null. */
  readonly servedCertificate?: string | null;
  /** True where the project has a document of revocations. */
  readonly hasRevocations?: boolean;
  /** The revocation lists of the CAs that the route names: the id of each, and the name of its tls-ca. */
  readonly crls?: readonly { readonly id: string; readonly ca: string }[];
}

export interface SecretRow {
  readonly id: string;
  readonly type: SecretType;
}
