import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, PosternError } from '@postern/contracts';
import { type FeedState, followFeed } from '@postern/feed/client';
import { openReplica } from '@postern/replica';
import type { ListenAddress } from '@postern/runtime';
import type { EdgeEnv } from './env.ts';
import { EDGE_LIMITS } from './limits.ts';
import { startAdminListener } from './process/admin-listener.ts';
import { claimAddresses } from './process/claim-addresses.ts';
import { collectMetrics } from './process/collect-metrics.ts';
import { openEdgeDataDirectory } from './process/edge-data-directory.ts';
import { LedgerLog } from './process/ledger-log.ts';
import { LedgerReporter } from './process/ledger-reporter.ts';
import { Reporter } from './process/reporter.ts';
import { TargetLog } from './process/target-log.ts';
import { readTokenFile } from './process/token-file.ts';
import type { WorkerSettings } from './process/worker-messages.ts';
import { WorkerPool } from './process/worker-pool.ts';

/** Milliseconds between two looks for a token file, or for a feed that failed inside the edge. */
const RETRY_MS = 1_000;

export interface EdgeOptions extends EdgeEnv {
  readonly log: Log;
  /** An API that is being started in this process, in place of `apiUrl` and `tokenFile`: workers load meanwhile. */
  readonly api?: Promise<NeighbourApi>;
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
  /** Process ids of the workers now. */
  workerPids(): number[];
}

/**
 * Starts an edge: this process keeps the replica up to date and supervises workers, which serve by it. Serves from the
 * replica alone when there is no API; the feed is tried in the background.
 *
 * Rejects with PosternError `unavailable` when an address or the data directory cannot be used, or a worker cannot serve;
 * nothing is left running then.
 */
export async function startEdge(options: EdgeOptions): Promise<RunningEdge> {
  const { log } = options;
  const undo: (() => Promise<void> | void)[] = [];
  try {
    const data = openEdgeDataDirectory(options.dataDirectory);
    undo.push(() => data.release());
    const replica = openReplica({ file: data.replicaFile, readOnly: false });
    undo.push(() => replica.close());
    if (replica.setAside !== null)
      log.error({ file: replica.setAside }, 'the replica was damaged and set aside');

    let closing = false;
    let reporter: Reporter | undefined;
    let ledgerReporter: LedgerReporter | undefined;
    let feed: FeedState = { state: 'connecting' };
    const becameReady = Promise.withResolvers<void>();
    // Nobody need wait for it.
    becameReady.promise.catch(() => {});
    const unreadyReasons = (): string[] => [
      ...(closing ? ['the edge is stopping'] : []),
      ...(pool.isListening ? [] : ['not every worker listens']),
      ...(replica.cursor() === null ? ['there is no copy of the feed yet'] : []),
    ];
    const onProgress = () => {
      reporter?.notify();
      if (unreadyReasons().length === 0) becameReady.resolve();
    };

    const targets = new TargetLog();
    const ledger = new LedgerLog(Date.now);
    const settings = Promise.withResolvers<Omit<WorkerSettings, 'idPrefix'>>();
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
      settings: async (slot) => ({
        ...(await settings.promise),
        idPrefix: `${Date.now().toString(36)}${slot.toString(36)}`,
      }),
    });
    undo.push(() => pool.close());
    // First of all, since the workers' code takes as long to load as all the rest. A failure is heard of below.
    const started = pool.start();
    started.catch(() => {});
    const https = await claimAddresses('POSTERN_EDGE_HTTPS_LISTEN', options.httpsListen);
    const http = await claimAddresses('POSTERN_EDGE_HTTP_LISTEN', options.httpListen);
    const admin = await startAdminListener({
      listen: options.adminListen,
      unreadyReasons,
      metrics: () =>
        collectMetrics(pool, {
          applied: replica.cursor(),
          following: feed.state === 'following',
          targets,
          ledger,
        }),
    });
    undo.push(() => admin.close());
    const { url, tokenFile, listen } = (await options.api) ?? {
      url: options.apiUrl,
      tokenFile: options.tokenFile,
      listen: [],
    };
    settings.resolve({
      replicaFile: data.replicaFile,
      edgeKeyFile: data.keyFile,
      httpsListen: https,
      httpListen: http,
      proxyProtocolFrom: options.proxyProtocolFrom,
      minVersion: options.minVersion,
      accessLog: options.accessLog,
      ledgerKey: ledger.runKey,
      publicHttpsPort: options.publicHttpsPort ?? https[0]?.port ?? 443,
      ownListeners: [...https, ...http, ...admin.addresses, ...listen],
    });
    await started;
    const edge = `${hostname().slice(0, 64)}-${data.publicKey.slice(0, 8)}`;
    reporter = new Reporter({
      apiUrl: url,
      edge,
      token: () => readTokenFile(tokenFile),
      state: () => (pool.applied === null ? null : { applied: pool.applied, closedHosts: pool.closedHosts }),
      targets,
      deliverSightings: async () =>
        (await pool.flushLedger()) && (await ledgerReporter?.deliverSightings()) === true,
      log,
    });
    undo.push(() => reporter?.close());
    ledgerReporter = new LedgerReporter({
      apiUrl: url,
      edge,
      token: () => readTokenFile(tokenFile),
      ledger,
      log,
    });
    ledgerReporter.notify();
    undo.push(() => ledgerReporter?.close());

    const stop = new AbortController();
    const follow = followForever(
      stop.signal,
      { url: `${url}/v1/feed`, tokenFile, log },
      {
        edge,
        edgeKey: data.publicKey,
        sink: replica,
        onApplied: ({ ids, cursor }) => {
          pool.broadcast(ids, cursor);
          onProgress();
        },
        onState: (state) => {
          const isNew = state.state === 'following' && feed.state !== 'following';
          feed = state;
          if (!isNew) return;
          log.info({}, 'following the feed');
          // An API that was away may know nothing of this edge any more.
          reporter?.renew();
        },
      },
    );
    onProgress();

    let closed: Promise<void> | undefined;
    const close = async () => {
      closing = true;
      becameReady.reject(
        new PosternError('unavailable', { detail: 'the edge was stopped before it was ready' }),
      );
      stop.abort();
      await follow;
      reporter?.close();
      await pool.close();
      // After the workers: their last words are in it.
      await ledgerReporter?.close();
      await admin.close();
      replica.close();
      data.release();
    };
    return {
      ready: () => becameReady.promise,
      close() {
        closed ??= close();
        return closed;
      },
      addresses: { https, http, admin: admin.addresses },
      workerPids: () => pool.pids,
    };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

type Follow = Pick<Parameters<typeof followFeed>[0], 'edge' | 'edgeKey' | 'sink' | 'onApplied' | 'onState'>;

/** Follows the feed until stopped; waits for the token where it is not there yet. */
async function followForever(
  signal: AbortSignal,
  { url, tokenFile, log }: { url: string; tokenFile: string; log: Log },
  follow: Follow,
): Promise<void> {
  let toldOfToken = false;
  while (!signal.aborted) {
    const token = readTokenFile(tokenFile);
    if (token === null) {
      if (!toldOfToken)
        log.warn({ file: tokenFile }, 'POSTERN_EDGE_TOKEN_FILE: there is no token yet; waiting for it');
      toldOfToken = true;
    } else {
      try {
        await followFeed({
          ...follow,
          url,
          token,
          signal,
          random: Math.random,
          log: ({ message }) => log.warn({}, message),
        });
      } catch (error) {
        log.error({ err: error }, 'following the feed failed inside the edge');
      }
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}
