import type { Finding, SecretRow, ServiceSpec } from '@postern/contracts';
import { problemOfSecret } from './references.ts';

/** Errors for secrets a service names that are absent or of another type; pointers into the service spec. */
export function checkService(spec: ServiceSpec, secrets: ReadonlyMap<string, SecretRow>): Finding[] {
  const { ca, clientCertificate } = spec.tls ?? {};
  return [
    ca && problemOfSecret(ca.name, 'tls-ca', secrets, '/tls/ca/name'),
    clientCertificate &&
      problemOfSecret(clientCertificate.name, 'tls', secrets, '/tls/clientCertificate/name'),
  ].filter((finding) => finding !== undefined);
}
