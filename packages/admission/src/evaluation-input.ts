import type { RefusalReason } from '@postern/contracts';
import type { OpenSslVerdict } from './agree-with-openssl.ts';
import type { ClientBundle } from './client-path.ts';
import type { CompiledMatchers } from './compile-matchers.ts';
import type { PathCertificate } from './path/path-result.ts';

/** What a client has shown in its handshake. */
export interface PresentedClient {
  /** DER as presented, leaf first; empty: no certificate. */
  readonly chain: readonly Buffer[];
  /** OpenSSL's word on it. */
  readonly openssl: OpenSslVerdict;
}

/** What is known of the revocation of one certificate of a path; `reason` null: it is good. */
export interface RevocationFinding {
  /** Its place on the path, 0 the leaf. */
  readonly position: number;
  readonly reason: RefusalReason | null;
  readonly detail: string;
  /** Milliseconds since 1970 until which this holds; Infinity: until the revocations change. */
  readonly validUntil: number;
}

/** Says of a valid path, leaf first and anchor last, what is known to be revoked of it. Pure; `now` in milliseconds since 1970. */
export type JudgeRevocation = (path: readonly PathCertificate[], now: number) => readonly RevocationFinding[];

/** What a host (or a rule) demands of its clients. */
export interface ClientPolicy {
  /** In order of preference: a client that several vouch for counts for the first. Empty: nobody is trusted. */
  readonly bundles: readonly ClientBundle[];
  /** Null: every trusted client is admitted. */
  readonly matchers: CompiledMatchers | null;
  /** Null: nothing is known of revocation. */
  readonly revocations: JudgeRevocation | null;
}
