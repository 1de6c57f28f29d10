import type { CertificateDocument, Hostname } from '@postern/contracts';

/** A fresh certificate with its key in the clear; the worker seals the key before anything is stored. */
export interface Issued {
  readonly document: Omit<CertificateDocument, 'sealedKey'>;
  readonly keyPem: string;
  /** Milliseconds since 1970 from which a successor is wanted. */
  readonly renewAt: number;
}

/** Gets certificates for hosts: from the local authority, or from a CA elsewhere. */
export interface Issuer {
  readonly name: string;
  /** Rejects when the host can not be issued for now; the worker tries again with back-off. */
  issue(host: Hostname): Promise<Issued>;
}
