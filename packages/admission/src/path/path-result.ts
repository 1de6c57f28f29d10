import type { RefusalReason } from '@postern/contracts';

/** What is looked at on a path, in the order in which it is told. Stable words: `explain` prints them. */
export const PATH_CHECKS = {
  readable: 'the certificate is DER as RFC 5280 wants it',
  issuer: 'the issuer is a trusted CA, or was sent',
  signature: 'the issuer signed it',
  validity: 'it is valid now',
  is_ca: 'an issuer says that it is a CA, in version 3 (basicConstraints)',
  leaf_is_no_ca: 'a client shows no CA certificate, unless that very one is trusted',
  path_length: 'no more CAs stand below a CA than it allows',
  key_usage: 'keyUsage, where present, allows what the certificate does here',
  extended_key_usage:
    'extendedKeyUsage, where present, allows the purpose: of the leaf and of each CA above it',
  critical_extensions: 'nothing critical is left unprocessed',
  key_strength: 'the key is RSA of 2048 to 8192 bits, P-256, P-384, P-521, Ed25519 or Ed448',
  signature_strength: 'the signature uses SHA-2 or stronger',
  name_constraints: 'the names are within what each CA above may issue for',
} as const;
export type PathCheckName = keyof typeof PATH_CHECKS;

/** One look at one certificate of a path. */
export interface PathCheck {
  readonly name: PathCheckName;
  /** Place on `path`: 0 is the leaf. */
  readonly position: number;
  /** Subject of the certificate, on one line. */
  readonly certificate: string;
  /** `skipped`: it could not matter any more. */
  readonly result: 'pass' | 'fail' | 'skipped';
  readonly detail: string;
}

/** A certificate of a path: where it came from, and what names it. */
export interface PathCertificate {
  readonly source: 'leaf' | 'sent' | 'extra' | 'anchor';
  readonly der: Buffer;
  readonly subject: string;
  readonly issuer: string;
}

/**
 * What path validation says. `validUntil` (milliseconds since 1970) is how long this answer holds for the same input: of an
 * admission the earliest end on the path, of a refusal the next moment a certificate becomes valid, or Infinity.
 */
export type PathResult =
  | {
      readonly verdict: 'admit';
      /** Leaf first, anchor last; one certificate alone when the leaf itself is trusted. */
      readonly path: readonly PathCertificate[];
      readonly checks: readonly PathCheck[];
      readonly validUntil: number;
      /** True where a CA of the path limits DNS names: only DNS names may identify the client then. */
      readonly constrainsDnsNames: boolean;
    }
  | {
      readonly verdict: 'refuse';
      readonly reason: RefusalReason;
      readonly detail: string;
      /** The most promising way, as far as it leads. */
      readonly path: readonly PathCertificate[];
      readonly checks: readonly PathCheck[];
      readonly validUntil: number;
    };
