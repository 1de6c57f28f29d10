import { type ChangeKind, clientBundlesOf, type HostDocument } from '@postern/contracts/plain';

/** Names one feed document among all kinds: `KIND ID`. */
export function dependency(kind: string, id: string): string {
  return `${kind} ${id}`;
}

/** Every feed document that a host is made of, those of its services too. */
export function dependenciesOfDocument(document: HostDocument): string[] {
  const parts = new Set<string>();
  const add = (kind: ChangeKind, id: string | null) => {
    if (id !== null) parts.add(dependency(kind, id));
  };
  add('certificate', document.certificate);
  if (document.clientCertificate !== null) add('revocation', document.project);
  for (const list of document.clientCertificate?.crls ?? []) add('crl', list);
  for (const bundle of clientBundlesOf(document)) add('trust-bundle', bundle);
  for (const service of Object.values(document.services)) {
    add('trust-bundle', service.trustBundle);
    add('certificate', service.clientCertificate);
  }
  return [...parts];
}
