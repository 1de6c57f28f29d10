import type { CertificateDocument, RevocationReason } from '@postern/contracts';
import type { CertificateOrderPatch, CertificateOrderRecord } from '@postern/store';

/** A certificate just got, its key sealed to the master key. */
export interface Issued {
  /** `local`, or the directory URL of the CA. */
  readonly issuer: string;
  readonly document: CertificateDocument;
  /** Milliseconds since 1970 from which a successor is wanted. */
  readonly renewAt: number;
  /** What RFC 9773 calls it; null where its CA is not asked when to renew. */
  readonly ariCertId: string | null;
}

/** What an issuer may use while it works on one order. */
export interface IssueContext {
  /** Writes how far the order is. */
  readonly save: (patch: CertificateOrderPatch) => Promise<void>;
  /** Aborts when the worker stops, or another one has the order. */
  readonly signal: AbortSignal;
}

/** When a CA would like a certificate to be replaced (RFC 9773). Times are milliseconds since 1970. */
export interface RenewalInfo {
  readonly start: number;
  readonly end: number;
  readonly lookAgainAt: number;
}

/** Gets certificates: from the local authority, or from CAs elsewhere. */
export interface Issuer {
  /** True for names that this issuer gets certificates for. */
  issuesFor(names: readonly string[]): boolean;
  /** True where certificates of this issuer (`local`, or a directory URL) are its own. */
  has(issuer: string): boolean;
  /** Gets a certificate for the `usedNames` of an order. Fails with IssueFailure where it can not be got for now. */
  issue(order: CertificateOrderRecord, context: IssueContext): Promise<Issued>;
  /** Revokes one of its own; one that is revoked already counts. Fails with IssueFailure. */
  revoke(issuer: string, chainPem: string, reason: RevocationReason): Promise<void>;
  /** Null where the CA has no renewal information. Fails with IssueFailure. */
  renewalInfo(issuer: string, ariCertId: string): Promise<RenewalInfo | null>;
  /** Ends connections, and what is being asked over them; nothing can be asked any more. */
  close(): void;
}
