import type { CrlDocument, ResourceName, SecretDetails } from '@postern/contracts';

/** What is public about a revocation list. */
type CrlDetails = NonNullable<SecretDetails['crl']>;

/** Where a revocation list is fetched, and how often. */
export interface CrlSource {
  readonly url: string;
  readonly refreshMs: number;
}

/** How the fetching of a list goes. Times are milliseconds since 1970. */
export interface CrlFetching extends CrlSource {
  /** Null before the first try. */
  readonly triedAt: number | null;
  /** When the source last gave a good list, or said that it is the same; null: never. */
  readonly fetchedAt: number | null;
  readonly nextTryAt: number;
  /** Tries in a row that failed. */
  readonly failures: number;
  /** Of the last try; null where it was good. */
  readonly error: string | null;
}

/** A list that is to be fetched now. */
export interface CrlTask extends CrlFetching {
  readonly secretId: string;
  readonly project: ResourceName;
  readonly name: ResourceName;
  readonly details: CrlDetails;
  /** The CAs of its tls-ca, one of which must have signed what comes. */
  readonly caPem: string;
  /** What the last good answer said of itself, to be sent back; null where it said nothing. */
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** What a try came to. */
export type CrlOutcome =
  | {
      readonly kind: 'fetched';
      readonly details: Omit<CrlDetails, 'ca' | 'source'>;
      readonly document: CrlDocument;
      readonly etag: string | null;
      readonly lastModified: string | null;
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly error: string };

/** Revocation lists that are fetched. Part of the Store. */
export interface CrlStore {
  /** Lists whose next try has come, the longest due first, at most `limit`. */
  dueCrls(now: number, limit: number): Promise<CrlTask[]>;
  /** When the next of all lists is due (milliseconds since 1970); null where none is fetched. */
  nextCrlTryAt(): Promise<number | null>;
  /**
   * Notes what a try came to, and puts a fetched list in the place of the present one. False, and nothing noted, where by now the secret is
   * gone, or has another source, or its tls-ca other CAs. Fails with `validation_failed` where the list is older than the present one (`crl_older`).
   */
  noteCrl(
    task: Pick<CrlTask, 'secretId' | 'url' | 'caPem'>,
    outcome: CrlOutcome,
    nextTryAt: number,
  ): Promise<boolean>;
}
