import { hostname } from 'node:os';
import { type Cursor, type Log, PosternError } from '@postern/contracts/plain';
import type { ListenAddress } from '@postern/runtime';
import type { EdgeEnv } from './env.ts';
import type { ChangedIds } from './hosts/host-table.ts';
import { EDGE_LIMITS } from './limits.ts';
import { startAdminListener } from './process/admin-listener.ts';
import { HostFollower } from './process/host-follower.ts';
import { LedgerLog } from './process/ledger-log.ts';
import { LedgerReporter } from './process/ledger-reporter.ts';
import { bindSockets, type EdgeSockets } from './process/listening-sockets.ts';
import { Reporter } from './process/reporter.ts';
import { TargetLog } from './process/target-log.ts';
import { readTokenFile } from './process/token-file.ts';
import type { WorkerSettings } from './process/worker-messages.ts';
import { WorkerPool } from './process/worker-pool.ts';

export interface EdgeOptions extends EdgeEnv {
  readonly log: Log;
  /** An API that is being started in this process, in place of `apiUrl` and `tokenFile`: workers load meanwhile. */
  readonly api?: Promise<NeighbourApi>;
  /** From the supervisor before this one, which keeps them and answers on `adminListen`; nothing is bound here then. */
  readonly inherited?: { readonly sockets: EdgeSockets; readonly admin: readonly ListenAddress[] };
  /** Hears what has been applied, for the workers of earlier supervisors that are still draining. */
  readonly onApplied?: (ids: ChangedIds, cursor: Cursor) => void;
}

/** What the operator's listener tells. */
export interface EdgeStatus {
  /** Why the edge is not ready; empty when it is. */
  unreadyReasons(): Promise<readonly string[]>;
  /** Prometheus text format. */
  metrics(): Promise<string>;
}

/** An API in the same process. */
export interface NeighbourApi {
  /** Without a slash at its end. */
  readonly url: string;
  readonly tokenFile: string;
  /** Like the edge's own listeners never upstreams. */
  readonly listen: readonly ListenAddress[];
}

export interface RunningEdge {
  /** Resolves when the edge serves: every worker listens, and there is a copy of the feed (an old one will do). Rejects when it is closed before. */
  ready(): Promise<void>;
  /** Takes readiness back, lets connections drain (30 s), then ends workers, feed and listeners. */
  close(): Promise<void>;
  readonly addresses: {
    readonly https: readonly ListenAddress[];
    readonly http: readonly ListenAddress[];
    readonly admin: readonly ListenAddress[];
  };
  /** What clients come in on; kept until `close`. */
  readonly sockets: EdgeSockets;
  readonly status: EdgeStatus;
  /** Process ids of the workers now. */
  workerPids(): number[];
  /** Leaves the data directory and the reports to a successor; the workers serve on. */
  standAside(): Promise<void>;
  /** Takes them back. */
  standIn(): void;
  /** Lets the workers drain and end, and delivers their last words; sockets and the operator's listener stay. */
  retire(): Promise<void>;
  /** Tells the workers what a successor has applied. */
  takeChanges(ids: ChangedIds, cursor: Cursor): void;
  /** Whom the operator's listener asks from here on. */
  answerBy(status: EdgeStatus): void;
}

/**
 * Starts an edge: this process keeps the replica up to date and supervises workers, which serve by it. Serves from the
 * replica alone when there is no API; the feed is tried in the background.
 *
 * Rejects with PosternError `unavailable` when an address or the data directory cannot be used, or a worker cannot serve;
 * nothing is left running then.
 */
export async function startEdge(options: EdgeOptions): Promise<RunningEdge> {
  const { log, inherited } = options;
  const undo: (() => Promise<void> | void)[] = [];
  try {
    let closing = false;
    let reporter: Reporter | undefined;
    let ledgerReporter: LedgerReporter | undefined;
    const becameReady = Promise.withResolvers<void>();
    // Nobody need wait for it.
    becameReady.promise.catch(() => {});
    const unreadyReasons = (): string[] => [
      ...(closing ? ['the edge is stopping'] : []),
      ...(pool.isListening ? [] : ['not every worker listens']),
      ...(follower.cursor === null ? ['there is no copy of the feed yet'] : []),
    ];
    const onProgress = () => {
      reporter?.notify();
      if (unreadyReasons().length === 0) becameReady.resolve();
    };
    const follower = new HostFollower({
      dataDirectory: options.dataDirectory,
      log,
      onApplied: (ids, cursor) => {
        pool.broadcast(ids, cursor);
        options.onApplied?.(ids, cursor);
        onProgress();
      },
      onFollowing: () => {
        log.info({}, 'following the feed');
        // An API that was away may know nothing of this edge any more.
        reporter?.renew();
      },
    });
    undo.push(() => follower.close());

    const targets = new TargetLog();
    const ledger = new LedgerLog(Date.now);
    const settings = Promise.withResolvers<Omit<WorkerSettings, 'idPrefix'>>();
    let sockets: EdgeSockets = { https: [], http: [] };
    const pool = new WorkerPool({
      workers: options.workers,
      drainMs: EDGE_LIMITS.drainMs,
      log,
      targets,
      onLedger(news) {
        ledger.take(news);
        ledgerReporter?.notify();
      },
      onProgress,
      sockets: () => sockets,
      settings: async (slot) => ({
        ...(await settings.promise),
        idPrefix: `${Date.now().toString(36)}${slot.toString(36)}`,
      }),
    });
    undo.push(() => pool.close());
    // First of all, since the workers' code takes as long to load as all the rest. A failure is heard of below.
    const started = pool.start();
    started.catch(() => {});
    const releaseSockets = () => {
      if (inherited === undefined)
        for (const { handle } of [...sockets.https, ...sockets.http]) handle.close();
      sockets = { https: [], http: [] };
    };
    undo.push(releaseSockets);
    if (inherited === undefined) {
      const https = await bindSockets('POSTERN_EDGE_HTTPS_LISTEN', options.httpsListen);
      sockets = { https, http: [] };
      sockets = { https, http: await bindSockets('POSTERN_EDGE_HTTP_LISTEN', options.httpListen) };
    } else sockets = inherited.sockets;
    const status: EdgeStatus = {
      unreadyReasons: async () => unreadyReasons(),
      async metrics() {
        // Loaded when somebody asks.
        const { collectMetrics } = await import('./process/collect-metrics.ts');
        const { cursor: applied, isFollowing: following } = follower;
        return collectMetrics(pool, { applied, following, targets, ledger });
      },
    };
    let answering = status;
    const admin = await startAdminListener({
      listen: inherited === undefined ? options.adminListen : [],
      unreadyReasons: () => answering.unreadyReasons(),
      metrics: () => answering.metrics(),
    });
    undo.push(() => admin.close());
    const { url, tokenFile, listen } = (await options.api) ?? {
      url: options.apiUrl,
      tokenFile: options.tokenFile,
      listen: [],
    };
    const addresses = {
      https: sockets.https.map(({ address }) => address),
      http: sockets.http.map(({ address }) => address),
      admin: inherited?.admin ?? admin.addresses,
    };
    settings.resolve({
      replicaFile: follower.data.replicaFile,
      edgeKeyFile: follower.data.keyFile,
      proxyProtocolFrom: options.proxyProtocolFrom,
      minVersion: options.minVersion,
      accessLog: options.accessLog,
      limits: options.limits,
      ledgerKey: ledger.runKey,
      publicHttpsPort: options.publicHttpsPort ?? addresses.https[0]?.port ?? 443,
      ownListeners: [...addresses.https, ...addresses.http, ...addresses.admin, ...listen],
    });
    await started;
    const edge = `${hostname().slice(0, 64)}-${follower.data.publicKey.slice(0, 8)}`;
    const token = () => readTokenFile(tokenFile);
    const report = () => {
      reporter = new Reporter({
        ...{ apiUrl: url, edge, token, targets, log },
        state: () =>
          pool.applied === null ? null : { applied: pool.applied, closedHosts: pool.closedHosts },
        deliverSightings: async () =>
          (await pool.flushLedger()) && (await ledgerReporter?.deliverSightings()) === true,
      });
    };
    const firstReport = setTimeout(
      () => {
        report();
        onProgress();
      },
      follower.cursor === null ? 0 : EDGE_LIMITS.firstClientsMs,
    );
    undo.push(() => {
      clearTimeout(firstReport);
      reporter?.close();
    });
    ledgerReporter = new LedgerReporter({ apiUrl: url, edge, token, ledger, log });
    ledgerReporter.notify();
    undo.push(() => ledgerReporter?.close());
    follower.follow({ apiUrl: url, tokenFile, edge });
    onProgress();

    let retired: Promise<void> | undefined;
    const retire = async () => {
      closing = true;
      becameReady.reject(
        new PosternError('unavailable', { detail: 'the edge was stopped before it was ready' }),
      );
      clearTimeout(firstReport);
      await follower.close();
      reporter?.close();
      await pool.close();
      // After the workers: their last words are in it.
      await ledgerReporter?.close();
    };
    let closed: Promise<void> | undefined;
    const running: RunningEdge = {
      ready: () => becameReady.promise,
      retire() {
        retired ??= retire();
        return retired;
      },
      close() {
        closed ??= running.retire().then(async () => {
          await admin.close();
          releaseSockets();
        });
        return closed;
      },
      addresses,
      get sockets() {
        return sockets;
      },
      status,
      workerPids: () => pool.pids,
      async standAside() {
        clearTimeout(firstReport);
        reporter?.close();
        reporter = undefined;
        await follower.close();
      },
      standIn() {
        follower.reopen();
        report();
        reporter?.renew();
        // What the successor applied before it failed.
        if (follower.cursor !== null) pool.broadcast('all', follower.cursor);
      },
      takeChanges: (ids, cursor) => pool.broadcast(ids, cursor),
      answerBy(next) {
        answering = next;
      },
    };
    return running;
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}
