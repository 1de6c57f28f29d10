import type { CertificateStore } from '../certificates.ts';
import type { WriteMode } from '../store.ts';
import {
  acmeUsesSince,
  ensureAcmeAccount,
  getAcmeAccount,
  holdAcme,
  listAcmeHolds,
  noteAcmeUse,
  saveAcmeAccount,
} from './acme-records.ts';
import {
  getCertificate,
  getOrder,
  joinOrders,
  listCertificates,
  listDueOrders,
  nextOrderAt,
  requestRenewal,
  updateOrder,
} from './certificate-orders.ts';
import {
  latestRevocation,
  listWaitingRevocations,
  requestRevocation,
  settleRevocation,
} from './certificate-revocations.ts';
import { deleteChallenges, listChallenges, putChallenge } from './challenges.ts';
import { edgesBehind, forgetEdge, noteEdge } from './edge-positions.ts';
import {
  listCertificatesToLookAt,
  noteLooks,
  noteRevoked,
  purgeCertificates,
  saveIssuedCertificate,
} from './issued-certificates.ts';
import type { StoreDatabase } from './open-database.ts';
import type { WriteContext } from './write-context.ts';

interface Transactions {
  readonly reading: <T>(work: (db: StoreDatabase) => T) => Promise<T>;
  readonly writing: <T>(work: (context: WriteContext) => T, mode?: WriteMode) => Promise<T>;
  /** Without telling those who follow resources and hosts. */
  readonly writingQuietly: <T>(work: (context: WriteContext) => T) => Promise<T>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The part of the Store that the certificate worker lives by. */
export function certificateStoreOf(transactions: Transactions): CertificateStore {
  const { reading, writing, writingQuietly, now } = transactions;
  return {
    listDueOrders: (at, limit) => reading((db) => listDueOrders(db, at, limit)),
    nextOrderAt: () => reading(nextOrderAt),
    getOrder: (id) => reading((db) => getOrder(db, id)),
    updateOrder: (id, patch) => writing((context) => updateOrder(context, id, patch)),
    joinOrders: (ids) => writing((context) => joinOrders(context, ids)),
    saveIssuedCertificate: (issued) => writing((context) => saveIssuedCertificate(context, issued)),
    listCertificatesToLookAt: (at, limit) => reading((db) => listCertificatesToLookAt(db, at, limit)),
    noteLooks: (looks) => writingQuietly((context) => noteLooks(context, looks)),
    noteRevoked: (certificateId) => writing((context) => noteRevoked(context, certificateId)),
    purgeCertificates: () => writing((context) => purgeCertificates(context)),

    listCertificates: (project, query) => reading((db) => listCertificates(db, project, query)),
    getCertificate: (project, name) => reading((db) => getCertificate(db, project, name)),
    requestRenewal: (project, name, mode) =>
      writing((context) => requestRenewal(context, project, name), mode),
    requestRevocation: (project, name, reason, mode) =>
      writing((context) => requestRevocation(context, project, name, reason), mode),
    latestRevocation: (certificateId) => reading((db) => latestRevocation(db, certificateId)),
    listWaitingRevocations: (limit) => reading((db) => listWaitingRevocations(db, limit)),
    settleRevocation: (id, error) => writing((context) => settleRevocation(context, id, error)),

    getAcmeAccount: (directoryUrl) => reading((db) => getAcmeAccount(db, directoryUrl)),
    ensureAcmeAccount: (account) => writing((context) => ensureAcmeAccount(context, account)),
    saveAcmeAccount: (account) => writing((context) => saveAcmeAccount(context, account)),

    noteAcmeUse: (key) => writingQuietly((context) => noteAcmeUse(context, key)),
    acmeUses: (key, since) => reading((db) => acmeUsesSince(db, key, since)),
    holdAcme: (hold) => writingQuietly((context) => holdAcme(context, hold)),
    listAcmeHolds: (at) => reading((db) => listAcmeHolds(db, at)),

    putChallenge: (challenge) => writing((context) => putChallenge(context, challenge)),
    deleteChallenges: (ids) => writing((context) => deleteChallenges(context, ids)),
    listChallenges: () => reading(listChallenges),

    noteEdge: (edge) => writingQuietly((context) => noteEdge(context, edge)),
    forgetEdge: (id) => writingQuietly((context) => forgetEdge(context, id)),
    edgesBehind: (revision) => reading((db) => edgesBehind(db, revision, now())),
  };
}
