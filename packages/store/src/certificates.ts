import type {
  CertificateDocument,
  CertificateError,
  CertificateState,
  Challenge,
  Hostname,
  RenewReason,
  ResourceName,
  Revision,
  RevocationReason,
} from '@postern/contracts';
import type { WriteMode, Written } from './written.ts';

/** A certificate that Postern got for a set of names of one project. Times are milliseconds since 1970. */
export interface IssuedCertificateRecord {
  /** Also that of its change; a successor for the same names keeps it. */
  readonly id: string;
  readonly project: ResourceName;
  /** Sorted. */
  readonly names: readonly Hostname[];
  /** `local`, or the directory URL of the CA. */
  readonly issuer: string;
  /** Its key is sealed to the master key. */
  readonly document: CertificateDocument;
  /** From then on a successor is wanted. */
  readonly renewAt: number;
  /** What RFC 9773 calls the certificate; null where its CA is not asked when to renew. */
  readonly ariCertId: string | null;
  /** Why it took the place of its forerunner; null: it is the first. */
  readonly replacedReason: RenewReason | null;
  readonly revokedAt: number | null;
  readonly createdAt: number;
}

/** A certificate to look at; what nobody uses needs no look until somebody does. */
export interface CertificateToLookAt extends IssuedCertificateRecord {
  readonly isUsed: boolean;
}

/** How the getting of a certificate for a set of names of one project stands. Times are milliseconds since 1970. */
export interface CertificateOrderRecord {
  readonly id: string;
  readonly project: ResourceName;
  /** Sorted. */
  readonly names: readonly Hostname[];
  /** Those that routes serve by this certificate: what is to be ordered. None: it is parked until one is served again. */
  readonly usedNames: readonly Hostname[];
  readonly state: CertificateState;
  /** Since when a certificate, or the next one, is wanted. */
  readonly wantedSince: number;
  /** Since when state and code of the last error are what they are. */
  readonly stateSince: number;
  /** Failed ones in a row. */
  readonly attempts: number;
  /** From then on it is due. */
  readonly nextAttemptAt: number;
  readonly lastError: CertificateError | null;
  /** Who is asked, or issued last: `local`, or the directory URL of a CA. */
  readonly issuer: string | null;
  /** Of the order under way. */
  readonly orderUrl: string | null;
  /** The key of the order under way, sealed to the master key. */
  readonly sealedKey: string | null;
  /** Why a successor is wanted; null where none is. */
  readonly renewReason: RenewReason | null;
  readonly certificate: IssuedCertificateRecord | null;
}

/** What the certificate worker writes of an order. */
export type CertificateOrderPatch = Partial<
  Pick<
    CertificateOrderRecord,
    'state' | 'attempts' | 'nextAttemptAt' | 'lastError' | 'issuer' | 'orderUrl' | 'sealedKey' | 'renewReason'
  >
>;

/** Which certificates of a project are wanted, in the order of their names; all that is said must hold. */
export interface CertificateQuery {
  readonly limit: number;
  /** Those after this place, as a page told it. */
  readonly after?: string | undefined;
  /** Only those that are not there, or whose successor is wanted. */
  readonly pending?: boolean | undefined;
  /** Milliseconds since 1970: only those that end before. */
  readonly expiresBefore?: number | undefined;
}

export interface CertificatePage {
  readonly items: readonly CertificateOrderRecord[];
  /** The place to go on after, also where what stood there is gone by then; null at the end. */
  readonly next: string | null;
}

/** The wish that a CA revokes a certificate. Times are milliseconds since 1970. */
export interface CertificateRevocationRecord {
  readonly id: string;
  readonly project: ResourceName;
  readonly names: readonly Hostname[];
  readonly certificateId: string;
  readonly fingerprint: string;
  readonly issuer: string;
  readonly chainPem: string;
  readonly reason: RevocationReason;
  readonly state: 'waiting' | 'done' | 'failed';
  readonly error: CertificateError | null;
  readonly requestedAt: number;
  /** Name of the token that asked; null where nobody said. */
  readonly requestedBy: string | null;
  readonly settledAt: number | null;
}

/** Our account with a CA. */
export interface AcmeAccountRecord {
  readonly directoryUrl: string;
  /** Sealed to the master key. */
  readonly sealedKey: string;
  /** The key that takes its place: written before the CA is told, so that a process that is killed meanwhile loses neither. */
  readonly nextSealedKey: string | null;
  /** Null until the CA knows it. */
  readonly accountUrl: string | null;
  readonly contact: string | null;
  readonly eabKeyId: string | null;
  /** Since when the key is the account's; milliseconds since 1970. */
  readonly createdAt: number;
}

/** Something that is not to be asked of a CA before `until` (milliseconds since 1970); `detail` says why. */
export interface AcmeHold {
  readonly key: string;
  readonly until: number;
  readonly detail: string;
}

/** What the certificate worker keeps, and what others ask of it. Part of the Store. */
export interface CertificateStore {
  /** Those in use whose time has come, longest due first. */
  listDueOrders(now: number, limit: number): Promise<CertificateOrderRecord[]>;
  /** When the next one in use is due; null where none is in use. */
  nextOrderAt(): Promise<number | null>;
  getOrder(id: string): Promise<CertificateOrderRecord | null>;
  /** Null where it is gone: what nobody uses, and was neither issued nor begun, is not kept. */
  updateOrder(id: string, patch: CertificateOrderPatch): Promise<CertificateOrderRecord | null>;
  /**
   * Makes one of several of one project that have no certificate and are not begun: it has the names of all, and they go.
   * Fails with `not_found` where one of them is gone, `in_use` where one is begun or has a certificate.
   */
  joinOrders(ids: readonly string[]): Promise<CertificateOrderRecord>;
  /**
   * Stores a certificate as the present one of its names, the former goes; the order is as one that was issued. `names` may
   * be fewer than the order's. One that nobody uses any more is kept for who uses the names next. Fails with `not_found` where the order is gone.
   */
  saveIssuedCertificate(
    issued: Pick<IssuedCertificateRecord, 'names' | 'issuer' | 'document' | 'renewAt' | 'ariCertId'> & {
      readonly orderId: string;
    },
  ): Promise<Written<IssuedCertificateRecord>>;
  /** Those whose time has come to be looked at, by that time: new ones at once, the others as `noteLooks` said. */
  listCertificatesToLookAt(now: number, limit: number): Promise<CertificateToLookAt[]>;
  /** Says when certificates are to be looked at again; `at` is milliseconds since 1970. A successor is looked at anew. */
  noteLooks(looks: readonly { readonly id: string; readonly at: number }[]): Promise<void>;
  /** A certificate that its CA has revoked: a successor is wanted at once. */
  noteRevoked(certificateId: string): Promise<void>;
  /** Deletes a slice of what is of no more use; gives how much. */
  purgeCertificates(): Promise<number>;

  listCertificates(project: ResourceName, query: CertificateQuery): Promise<CertificatePage>;
  /** The one that a name is served by, or would be. Fails with `not_found`. */
  getCertificate(project: ResourceName, name: Hostname): Promise<CertificateOrderRecord>;
  /** Wants a successor at once. Fails with `not_found` where no route serves the name by a certificate of Postern's. */
  requestRenewal(project: ResourceName, name: Hostname, mode?: WriteMode): Promise<CertificateOrderRecord>;
  /** Asks the worker to revoke the present certificate; a wish that waits already is given back. Fails with `not_found` where there is none. */
  requestRevocation(
    project: ResourceName,
    name: Hostname,
    reason: RevocationReason,
    mode?: WriteMode,
  ): Promise<CertificateRevocationRecord>;
  /** The newest wish about a certificate; null where there was none lately. */
  latestRevocation(certificateId: string): Promise<CertificateRevocationRecord | null>;
  /** The oldest first. */
  listWaitingRevocations(limit: number): Promise<CertificateRevocationRecord[]>;
  /** Null: the CA has revoked it; a successor is wanted at once where it is still the present one. Else it failed for good. */
  settleRevocation(id: string, error: CertificateError | null): Promise<void>;

  getAcmeAccount(directoryUrl: string): Promise<AcmeAccountRecord | null>;
  /** Stores it unless there is one; gives the stored one, so that several that begin at once agree on a key. */
  ensureAcmeAccount(account: Omit<AcmeAccountRecord, 'createdAt'>): Promise<AcmeAccountRecord>;
  /** `createdAt` is from now on where the key is another. */
  saveAcmeAccount(account: Omit<AcmeAccountRecord, 'createdAt'>): Promise<AcmeAccountRecord>;

  /** Notes that something limited was used now; kept for 8 days, as the longest window of a CA is a week. */
  noteAcmeUse(key: string): Promise<void>;
  /** When it was used since then, oldest first. */
  acmeUses(key: string, since: number): Promise<number[]>;
  /** A later hold of the same key takes the place of the former. */
  holdAcme(hold: AcmeHold): Promise<void>;
  /** Those that hold at that time. */
  listAcmeHolds(now: number): Promise<AcmeHold[]>;

  /** Gives the revision from which edges answer it. */
  putChallenge(challenge: Challenge): Promise<{ readonly revision: Revision }>;
  /** By the ids that `challengeId` gives. */
  deleteChallenges(ids: readonly string[]): Promise<void>;
  /** Those that edges answer now, and those that have expired and are still there. */
  listChallenges(): Promise<{ readonly id: string; readonly challenge: Challenge }[]>;

  /** Notes how far an edge is that reads the feed now. */
  noteEdge(edge: {
    readonly id: string;
    readonly name: string;
    readonly appliedRevision: number;
  }): Promise<void>;
  forgetEdge(id: string): Promise<void>;
  /** Names of the edges that read the feed and are not yet at a revision. */
  edgesBehind(revision: number): Promise<string[]>;
}
