import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { loadNameRegexes } from '@postern/admission';
import type { Cursor, Log } from '@postern/contracts';
import { openReplica, type Replica } from '@postern/replica';
import { createLog, whyNotListening, writeListenAddress } from '@postern/runtime';
import { addressRanges } from '../accept/address-ranges.ts';
import { createEdgeProtocol } from '../edge-protocol.ts';
import type { ChangedIds } from '../hosts/host-table.ts';
import { EDGE_LIMITS } from '../limits.ts';
import { proveHandshakes } from '../tls/self-test.ts';
import { createAddressGuard } from '../upstream/address-guard.ts';
import { createCheckedHosts } from '../upstream/health/checked-hosts.ts';
import { createHealthChecker } from '../upstream/health/health-checker.ts';
import { TargetStates } from '../upstream/health/target-states.ts';
import { type ListenPoint, type RunningWorker, startWorker } from '../worker.ts';
import type { SocketHandle } from './listening-sockets.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts';

/** Milliseconds between two looks for hosts that were found closed while serving. */
const CLOSED_HOSTS_EVERY_MS = 1_000;

/**
 * An old heap that grows by half before it is looked through, in place of several times: what many hosts' handshakes leave dies sooner
 * (docs/scale.md). V8 reads it at each collection; set before what a start loads, it would have that compiled anew (`WORKER_FLAGS`).
 */
const HEAP_GROWTH = '--heap-growing-percent=50';
/**
 * Without V8's middle compiler (Maglev): what its jobs worked in stays with the C library for good, some 20 MiB of a worker (docs/scale.md). What is
 * hot the last one compiles all the same. Set once a worker listens, as above.
 */
const COMPILERS = '--no-maglev';
/**
 * Calls after which that one compiles a function, in place of V8's 3,000: what is called once for a connection would wait for 3,000 of
 * them, and a resumed handshake took a quarter more for the first 6,000. The same functions are compiled, only sooner.
 */
const COMPILED_FROM = '--invocation-count-for-turbofan=500';
/** What V8 is told once a worker listens. */
export const FLAGS_ONCE_LISTENING: readonly string[] = [HEAP_GROWTH, COMPILERS, COMPILED_FROM];

/**
 * Runs this process as an edge worker: proves its TLS, serves what the replica says, follows the supervisor's messages, and
 * ends with the supervisor. Signals are the supervisor's to hear: a terminal sends them to the whole group.
 */
export function runWorkerProcess(): void {
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  // Without its supervisor nobody would tell it of changes.
  process.once('disconnect', () => process.exit());
  const log = createLog('edge');
  const sockets: Record<'https' | 'http', ListenPoint[]> = { https: [], http: [] };
  let running: RunningWorker | undefined;
  let told = '';
  /** What was applied while the worker was starting. */
  const early: { ids: ChangedIds; cursor: Cursor }[] = [];
  const targets = new TargetStates();
  /** The checks of targets, where this worker makes them. */
  let checks: TargetChecks | undefined;
  let startChecks = () => {};

  const applyChanges = (worker: RunningWorker, ids: ChangedIds, cursor: Cursor) => {
    worker.applyChanges(ids);
    // Before the acknowledgement, so that a report never says "applied" of targets it does not yet know.
    checks?.applyChanges(ids);
    tell({ type: 'acknowledged', cursor });
    tellClosedHosts(worker);
  };
  const tellClosedHosts = (worker: RunningWorker) => {
    const hosts = worker.closedHosts();
    const text = JSON.stringify(hosts);
    if (text === told) return;
    told = text;
    tell({ type: 'closed-hosts', hosts });
  };
  // Needs no settings, which may be some time in coming.
  const proof = proveHandshakes();
  proof.catch(() => {});
  const start = async (settings: WorkerSettings) => {
    await proof;
    const replica = openReplica({ file: settings.replicaFile, readOnly: true });
    const worker = await startWorker({
      ...readSettings(settings),
      httpsListen: sockets.https,
      httpListen: sockets.http,
      replica,
      edgeKeyPem: readFileSync(settings.edgeKeyFile, 'utf8'),
      protocol: (context) => createEdgeProtocol(context, settings, targets),
      ledger: { runKey: settings.ledgerKey, onNews: (news) => tell({ type: 'ledger', news }) },
      log,
      now: Date.now,
      onIntermediates: (shared) => tell({ type: 'intermediates', shared }),
      onExhausted() {
        log.error({}, 'memory stays short although requests are refused; this worker drains and is replaced');
        end(worker);
      },
    });
    running = worker;
    startChecks = () => {
      checks ??= startTargetChecks(settings, replica, worker, { targets, log });
    };
    tell({ type: 'listening', cursor: replica.cursor() });
    for (const flag of FLAGS_ONCE_LISTENING) setFlagsFromString(flag);
    for (const { ids, cursor } of early.splice(0)) applyChanges(worker, ids, cursor);
    setInterval(() => tellClosedHosts(worker), CLOSED_HOSTS_EVERY_MS).unref();
    setTimeout(prepareForPatterns, EDGE_LIMITS.firstClientsMs).unref();
  };

  const end = (worker: RunningWorker) => {
    checks?.close();
    void worker.close().finally(() => process.exit(0));
  };

  process.on('message', (message: ToWorker, handle) => {
    switch (message.type) {
      case 'socket':
        sockets[message.purpose].push({ ...message.address, handle: handle as unknown as SocketHandle });
        return;
      case 'start':
        start(message.settings).catch((error: unknown) => {
          tell({ type: 'failed', detail: detailOf(error) });
          process.exitCode = 1;
          process.disconnect();
        });
        return;
      case 'applied':
        if (running === undefined) early.push(message);
        else applyChanges(running, message.ids, message.cursor);
        return;
      case 'targets':
        targets.apply(message.changed);
        return;
      case 'intermediates':
        // One that comes too early is learnt at that client's next full handshake.
        running?.takeIntermediates(message.shared);
        return;
      case 'check-targets':
        startChecks();
        return;
      case 'flush-ledger': {
        const { request } = message;
        void running?.flushLedger().then(() => tell({ type: 'ledger-flushed', request }));
        return;
      }
      case 'metrics': {
        const { request } = message;
        void running?.metrics.registry
          .getMetricsAsJSON()
          .then((metrics) => tell({ type: 'metrics', request, metrics }));
        return;
      }
      case 'drain':
        if (running === undefined) process.exit(0);
        end(running);
    }
  });
  tell({ type: 'hello' });
}

/** Not left to the first pattern: its host would be closed for as long as the file cannot be read, as while an installation is replaced. */
function prepareForPatterns(): void {
  try {
    loadNameRegexes();
  } catch {
    // The first pattern tries again.
  }
}

type TargetChecks = Pick<ReturnType<typeof createCheckedHosts>, 'applyChanges' | 'close'>;

/** Checks the targets of every service that hosts use, for all workers of this edge. */
function startTargetChecks(
  settings: WorkerSettings,
  replica: Replica,
  { hosts }: RunningWorker,
  { targets, log }: { targets: TargetStates; log: Log },
): TargetChecks {
  const ownListeners = settings.ownListeners.map(({ host, port }) => ({ address: host, port }));
  const checker = createHealthChecker({
    guard: createAddressGuard({ ownListeners: () => ownListeners }),
    getTrustBundle: (id) => hosts.getTrustBundle(id),
    getCertificate: (id) => hosts.getCertificate(id),
    known: targets,
    onChanged(changed) {
      targets.apply(changed);
      tell({ type: 'targets', changed });
    },
    log,
    now: Date.now,
    random: Math.random,
  });
  const checked = createCheckedHosts({ replica, checker, log });
  return {
    applyChanges: checked.applyChanges,
    close() {
      checked.close();
      checker.close();
    },
  };
}

function readSettings({ proxyProtocolFrom, minVersion, idPrefix, limits }: WorkerSettings) {
  const ranges = proxyProtocolFrom.length === 0 ? null : addressRanges(proxyProtocolFrom);
  if (ranges === undefined) throw new RangeError('the PROXY protocol ranges cannot be read');
  const { connectionsMax, connectionsPerAddressMax, memoryBytes } = limits;
  const unbounded = Number.POSITIVE_INFINITY;
  const perAddress =
    connectionsPerAddressMax === null
      ? { connectionsPerAddressMax: unbounded, handshakesPerAddressMax: unbounded }
      : { connectionsPerAddressMax };
  return {
    ...{ proxyProtocolFrom: ranges, minVersion, idPrefix },
    limits: { connectionsMax, memoryBytes, ...perAddress },
  };
}

function tell(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => {});
}

function detailOf(error: unknown): string {
  const { address, port } = error as { address?: string; port?: number };
  const reason = whyNotListening(error);
  if (reason !== undefined && address !== undefined && port !== undefined) {
    return `${writeListenAddress({ host: address, port })} ${reason}`;
  }
  return error instanceof Error ? error.message : String(error);
}
