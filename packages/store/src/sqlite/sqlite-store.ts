import { randomUUID } from 'node:crypto';
import { LIMITS, type Revision } from '@postern/contracts';
import type Database from 'better-sqlite3';
import { eq } from 'drizzle-orm';
import type { Store, StoreOptions, WriteMode } from '../store.ts';
import { ensureAuthority, getAuthority } from './authorities.ts';
import { certificateStoreOf } from './certificate-store.ts';
import { ChangeLog } from './change-log.ts';
import { noteCleanEnd } from './clean-end.ts';
import { getClient, listClients } from './clients.ts';
import { dueCrls, findCrl, nextCrlTryAt, noteCrl, requestCrl } from './crls.ts';
import { draftHost } from './draft-host.ts';
import {
  addHostname,
  getHostname,
  listDueHostnames,
  listHostnames,
  nextHostnameCheckAt,
  noteHostnameCheck,
  removeHostname,
  requestHostnameCheck,
  trustHostnames,
} from './hostnames.ts';
import { getIdentityKeys, updateIdentityKeys } from './identity-keys.ts';
import { acquireLease, releaseLease } from './leases.ts';
import { LogMover } from './log-mover.ts';
import { openDatabase, type StoreDatabase } from './open-database.ts';
import { countDroppedRefusals, purgeLedger } from './purge-ledger.ts';
import { hasJob, runOldestJob } from './recompile-hosts.ts';
import { hasProject } from './record-access.ts';
import { getPresentedChain, getRefusal, listRefusals, refusalsAfter } from './refusals.ts';
import { RevisionWatch } from './revision-watch.ts';
import { createRevocation, deleteRevocation, getRevocation, listRevocations } from './revocations.ts';
import { createRoute, deleteRoute, getRoute, listRoutes, updateRoute } from './routes.ts';
import { jobs, projects } from './schema.ts';
import { deleteSecret, getSecret, listSecrets, putSecret, secretDetailsOf } from './secrets.ts';
import { createService, deleteService, getService, listServices, updateService } from './services.ts';
import { isDamage, storeFailureOf } from './store-failure.ts';
import { takeLedger } from './take-ledger.ts';
import { updateTicketKeys } from './ticket-keys.ts';
import {
  bindEdgeKey,
  createToken,
  findToken,
  getToken,
  listTokens,
  noteTokenUse,
  replaceToken,
  revokeToken,
} from './tokens.ts';
import type { WriteContext } from './write-context.ts';

/** Milliseconds between looks for other processes' commits where the options name none. */
const POLL_MS = 250;

/** Opens the file as a Store: see StoreOptions and openDatabase for rights, durability and failures. */
export function openSqliteStore(file: string, options: Omit<StoreOptions, 'url'>): Store {
  const { compiler, now } = options;
  const { connection, db } = openDatabase(file, now(), options.checkedAtOpenBytesMax);
  const log = new ChangeLog(connection);
  const watch = new RevisionWatch(connection, () => log.revision(), options.pollMs ?? POLL_MS);
  const mover = new LogMover(connection);
  let isSound = true;
  const { ask, read, write, undo } = transactionsOf(connection, (error) => {
    isSound &&= !isDamage(error);
    return storeFailureOf(error, file);
  });

  // Asynchronous by contract only: the work is one synchronous transaction, which no other work of this process can enter.
  const reading = async <T>(work: (db: StoreDatabase) => T): Promise<T> => read(() => work(db));
  // One statement sees one state by itself; a transaction around it takes as long again.
  const asking = async <T>(statement: (db: StoreDatabase) => T): Promise<T> => ask(() => statement(db));
  const writing = async <T>(work: (context: WriteContext) => T, mode: WriteMode = {}): Promise<T> => {
    const context: WriteContext = { db, log, compiler, now: now(), by: mode.by ?? null };
    if (mode.dryRun === true)
      return untold(
        undo(() => work(context)),
        log.revision(),
      );
    const result = write(() => {
      const outcome = work(context);
      log.purge(context.now);
      return outcome;
    });
    mover.noteCommit();
    watch.lookNow();
    return result;
  };

  const ledgerListeners = new Set<() => void>();
  // Without the watch: what follows resources and hosts has nothing to look at after these, which may come several times a second.
  const writingUnwatched = async <T>(work: (context: WriteContext) => T): Promise<T> => {
    const context: WriteContext = { db, log, compiler, now: now(), by: null };
    const result = write(() => work(context));
    mover.noteCommit();
    return result;
  };

  return {
    ensureProject: (name) =>
      writing((context) => {
        const row = { name, id: randomUUID(), createdAt: context.now };
        context.db.insert(projects).values(row).onConflictDoNothing().run();
      }),
    hasProject: (name) => asking(() => hasProject(db, name)),

    putSecret: (secret, mode) => writing((context) => putSecret(context, secret), mode),
    getSecret: (target) => reading(() => getSecret(db, target)),
    listSecrets: (project, query) => reading(() => listSecrets(db, project, query)),
    secretDetails: (project, names) => reading(() => secretDetailsOf(db, project, names)),
    deleteSecret: (target, mode) => writing((context) => deleteSecret(context, target), mode),

    dueCrls: (at, limit) => reading(() => dueCrls(db, at, limit)),
    nextCrlTryAt: () => reading(() => nextCrlTryAt(db)),
    noteCrl: (task, outcome, nextTryAt) => writing((context) => noteCrl(context, task, outcome, nextTryAt)),
    getCrl: (target) => reading(() => findCrl(log, getSecret(db, target).id)),
    requestCrl: (target) =>
      writing((context) => {
        requestCrl(context, getSecret(db, target).id, target.name);
        return getSecret(db, target);
      }),

    createService: (service, mode) => writing((context) => createService(context, service), mode),
    updateService: (service, mode) => writing((context) => updateService(context, service), mode),
    getService: (target) => reading(() => getService(db, target)),
    listServices: (project, query) => reading(() => listServices(db, project, query)),
    deleteService: (target, mode) => writing((context) => deleteService(context, target), mode),

    createRoute: (route, mode) => writing((context) => createRoute(context, route), mode),
    updateRoute: (route, mode) => writing((context) => updateRoute(context, route), mode),
    draftHost: (target, spec) => reading(() => draftHost({ db, log, compiler }, target, spec)),
    getRoute: (target) => reading(() => getRoute(db, target)),
    listRoutes: (project, query) => reading(() => listRoutes(db, project, query)),
    deleteRoute: (target, mode) => writing((context) => deleteRoute(context, target), mode),

    addHostname: (project, name, claim, mode) =>
      writing((context) => addHostname(context, project, name, claim), mode),
    getHostname: (project, name) => reading(() => getHostname(db, project, name)),
    listHostnames: (project, query) => reading(() => listHostnames(db, project, query)),
    removeHostname: (project, name, mode) =>
      writing((context) => removeHostname(context, project, name), mode),
    requestHostnameCheck: (project, name) =>
      writing((context) => requestHostnameCheck(context, project, name)),
    listDueHostnames: (at, limit) => reading(() => listDueHostnames(db, at, limit)),
    nextHostnameCheckAt: () => reading(() => nextHostnameCheckAt(db)),
    noteHostnameCheck: (checked, outcome) =>
      writing((context) => noteHostnameCheck(context, checked, outcome)),
    trustHostnames: (below, limit) => writing((context) => trustHostnames(context, below, limit)),

    createRevocation: (revocation, mode) => writing((context) => createRevocation(context, revocation), mode),
    getRevocation: (project, id) => reading(() => getRevocation(db, project, id)),
    listRevocations: (project) => reading(() => listRevocations(db, project)),
    deleteRevocation: (project, id, mode) =>
      writing((context) => deleteRevocation(context, project, id), mode),

    cursor: () => asking(() => log.cursor()),
    isResumable: (cursor) => reading(() => log.isResumable(cursor)),
    changesAfter: (revision, limit) => asking(() => log.changesAfter(revision, limit)),
    onRevision: (listener) => watch.listen('revision', listener),
    onWrite: (listener) => watch.listen('write', listener),

    runJobSlice: async () => {
      // Looked at after every write: without the write lock where there is no job.
      if (!(await asking(hasJob))) return false;
      const endsAt = performance.now() + LIMITS.recompileSliceMs;
      return writing((context) => runOldestJob(context, () => performance.now() < endsAt));
    },
    isJobDone: (id) =>
      reading(() => db.select({ id: jobs.id }).from(jobs).where(eq(jobs.id, id)).get() === undefined),

    ...certificateStoreOf({
      reading: (work) => reading(work),
      writing,
      writingQuietly: writingUnwatched,
      now,
    }),

    getIdentityKeys: () => reading(() => getIdentityKeys(log)),
    updateIdentityKeys: (next) => writing((context) => updateIdentityKeys(context, next)),

    getAuthority: (name) => reading(() => getAuthority(db, name)),
    ensureAuthority: (authority) => writing((context) => ensureAuthority(context, authority)),

    createToken: (token, mode) => writing((context) => createToken(context, token), mode),
    replaceToken: (token) => writing((context) => replaceToken(context, token)),
    getToken: (name) => reading(() => getToken(db, name)),
    listTokens: () => reading(() => listTokens(db)),
    revokeToken: (name, revocation, mode) =>
      writing((context) => revokeToken(context, name, revocation), mode),
    noteTokenUse: (id) => writing((context) => noteTokenUse(context, id)),
    findToken: (hash) => asking(() => findToken(db, hash)),
    bindEdgeKey: (tokenId, edgeKey) => writing((context) => bindEdgeKey(context, tokenId, edgeKey)),

    takeLedger: async (report) => {
      await writingUnwatched((context) => takeLedger(context, report));
      for (const listener of ledgerListeners) queueMicrotask(listener);
    },
    purgeLedger: () => writingUnwatched((context) => purgeLedger(context)),
    onLedger(listener) {
      const entry = (): void => listener();
      ledgerListeners.add(entry);
      return () => void ledgerListeners.delete(entry);
    },
    listRefusals: (project, query) => reading(() => listRefusals(db, project, query)),
    refusalsAfter: (project, seq, filter) => reading(() => refusalsAfter(db, project, seq, filter)),
    getRefusal: (project, id) => reading(() => getRefusal(db, project, id)),
    countDroppedRefusals: (since) => reading(() => countDroppedRefusals(db, since)),
    getPresentedChain: (hash) => reading(() => getPresentedChain(db, hash)),
    listClients: (project, query) => reading(() => listClients(db, project, query)),
    getClient: (project, fingerprint) => reading(() => getClient(db, project, fingerprint)),

    updateTicketKeys: (next) => writing((context) => updateTicketKeys(context, next)),

    acquireLease: (name, holder, ttlMs) =>
      writingUnwatched((context) => acquireLease(context, name, holder, ttlMs)),
    releaseLease: (name, holder) => writingUnwatched((context) => releaseLease(context, name, holder)),

    close: async () => {
      watch.stop();
      await mover.stop();
      if (!connection.open) return;
      connection.close();
      // Where damage was met, the next start looks for all of it.
      if (isSound) noteCleanEnd(file);
    },
  };
}

/** Runs work in one transaction each, with failures told as PosternErrors. A write takes the write lock first (IMMEDIATE). */
function transactionsOf(
  connection: Database.Database,
  failureOf: (error: unknown) => unknown,
): {
  /** Without a transaction: for work that is one statement. */
  ask: <T>(work: () => T) => T;
  read: <T>(work: () => T) => T;
  write: <T>(work: () => T) => T;
  /** Runs a write and rolls it back: the very same transaction, so its outcome cannot differ from the real one's. */
  undo: <T>(work: () => T) => T;
} {
  const run = connection.transaction((work: () => unknown) => work());
  const telling = <T>(attempt: () => unknown): T => {
    try {
      return attempt() as T;
    } catch (error) {
      throw failureOf(error);
    }
  };
  return {
    ask: telling,
    read: (work) => telling(() => run.deferred(work)),
    write: (work) => telling(() => run.immediate(work)),
    undo: <T>(work: () => T) => {
      const rollback = new Rollback<T>();
      try {
        telling(() =>
          run.immediate(() => {
            rollback.outcome = work();
            throw rollback;
          }),
        );
      } catch (thrown) {
        if (thrown !== rollback) throw thrown;
      }
      return rollback.outcome as T;
    },
  };
}

/** The outcome of a dry run names no revision that will never be, and no job. */
function untold<T>(outcome: T, revision: Revision): T {
  const told = typeof outcome === 'object' && outcome !== null && 'revision' in outcome;
  return told ? { ...outcome, revision, ...('job' in outcome ? { job: null } : {}) } : outcome;
}

/** Thrown to end a transaction without its effects. */
class Rollback<T> extends Error {
  outcome: T | undefined;
}
