import type {
  DocumentKind,
  Labels,
  RouteResource,
  SecretDetails,
  SecretResource,
  SecretType,
  ServiceResource,
} from '@postern/contracts';
import type { WritableDocument } from './write-document.ts';

/** A stored resource as a document; a secret gives what is public about it (see secretSpecOf). */
export function documentOfResource(
  kind: DocumentKind,
  resource: SecretResource | ServiceResource | RouteResource,
): WritableDocument {
  const { name, labels } = resource;
  return { kind, name, labels, spec: specOf(resource) };
}

function specOf(resource: SecretResource | ServiceResource | RouteResource): unknown {
  return 'spec' in resource ? resource.spec : secretSpecOf(resource.type, resource.details);
}

/**
 * A secret as an export writes it: a tls-ca with its certificates, which are public; of the others the names of the keys
 * and, where there are certificates or a public key, their SHA-256 fingerprints.
 */
export function secretSpecOf(
  type: SecretType,
  details: SecretDetails,
): {
  readonly type: SecretType;
  readonly cert?: string;
  readonly keys?: readonly string[];
  readonly fingerprints?: readonly string[];
} {
  if (type === 'tls-ca' && details.caPem !== undefined) return { type, cert: details.caPem };
  const fingerprints = fingerprintsOf(details);
  return { type, keys: details.keys, ...(fingerprints.length === 0 ? {} : { fingerprints }) };
}

/** SHA-256 of the certificates, or of the public key, of a secret. */
export function fingerprintsOf({ certificates = [], publicKey }: SecretDetails): string[] {
  const all = certificates.map(({ fingerprint }) => fingerprint);
  return publicKey === undefined ? all : [...all, publicKey.fingerprint];
}

/** Labels of a document: those it names, else those that are there. */
export function labelsAfter(named: Labels | null, present: Labels | undefined): Labels {
  return named ?? present ?? {};
}
