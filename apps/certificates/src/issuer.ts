import type { Hostname } from '@postern/contracts';
import type { IssuedCertificate } from '@postern/pki';

/** Gets certificates for hosts: from the local authority, or from a CA elsewhere. */
export interface Issuer {
  readonly name: string;
  /**
   * Gives a fresh certificate with its key in the clear; the worker seals the key before anything is stored. Rejects
   * when the host can not be issued for now; the worker tries again with back-off.
   */
  issue(host: Hostname): Promise<IssuedCertificate>;
}
