import { type BlockList, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import type { Log } from '@postern/contracts';
import type { ListenAddress } from '@postern/runtime';
import { type AddressCount, AddressLoad } from './accept/address-load.ts';
import { type AdmitOptions, admitConnection } from './accept/admit-connection.ts';
import { FloodLog } from './accept/flood-log.ts';
import { HandshakeTurns } from './accept/handshake-turns.ts';
import { Lingerer } from './accept/linger.ts';
import { takeProxyHeader } from './accept/proxy-protocol.ts';
import { ChallengeAnswers } from './acme/challenge-answers.ts';
import type { Connection, ServeProtocol } from './connection.ts';
import { ConnectionRegistry } from './connections/connection-registry.ts';
import { EmptyTraffic } from './connections/empty-traffic.ts';
import { ignoreError, letGoOnceClosed } from './connections/let-go.ts';
import { noteEnded } from './connections/note-ended.ts';
import type { ClosedHost } from './hosts/host-entry.ts';
import { type ChangedIds, EdgeHostTable } from './hosts/host-table.ts';
import { registerListMetrics } from './hosts/list-metrics.ts';
import type { ReplicaReader } from './hosts/read-documents.ts';
import type { RequestLoad } from './http/handle-request.ts';
import { createIdentityTokens, type IdentityTokens } from './http/identity-token.ts';
import type { ConnectionRefusal } from './http/refusal-page.ts';
import { ClientLedger, type LedgerNews } from './ledger/client-ledger.ts';
import { EDGE_LIMITS } from './limits.ts';
import { createWorkerMetrics, type WorkerMetrics } from './metrics.ts';
import { LOAD_CHECK_MS, LoadMonitor } from './overload/load-monitor.ts';
import { RequestsUnderWay } from './overload/requests-under-way.ts';
import { plainAddress } from './plain-address.ts';
import { listenOn, type SocketHandle } from './process/listening-sockets.ts';
import { type Member, Roster } from './roster.ts';
import { ClientEvaluator } from './tls/client-evaluator.ts';
import { KnownIntermediates, type SharedIntermediates } from './tls/known-intermediates.ts';
import type { TlsVersion } from './tls/secure-context.ts';

/** Clients of open connections that are noted in one turn of the loop. */
const SEEN_AT_ONCE_MAX = 200;

/** An accepted socket until it closes. */
interface OpenSocket extends Member {
  readonly socket: Socket;
  /** What it counts for among those of its client; null until that is known. */
  counted: AddressCount | null;
}

/** What a protocol may use of its worker. */
export interface ProtocolContext {
  readonly hosts: EdgeHostTable;
  readonly challenges: ChallengeAnswers;
  readonly metrics: WorkerMetrics;
  readonly log: Log;
  readonly ledger: ClientLedger;
  readonly identityTokens: IdentityTokens;
  readonly load: RequestLoad;
  /** To be told of each connection that was cut off for its frames. */
  readonly onFlood: (connection: Connection) => void;
}

/** The HTTP half of an edge, as the worker runs it. */
export interface EdgeProtocol {
  /** Speaks on admitted connections. */
  readonly serve: ServeProtocol;
  /** Says on a connection why its client is refused, and ends it; without it such connections are closed. */
  readonly serveRefusal?: (connection: Connection, refusal: ConnectionRefusal) => void;
  /** Answers a socket of the plain HTTP listener; returns at once. */
  readonly servePlain: (socket: Socket) => void;
  /** Ends what is idle; exchanges under way come to their end. */
  close(): Promise<void> | void;
  /** Writes out what is buffered, once every connection is gone. */
  flush?(): Promise<void> | void;
}

/** An address to listen on; with a handle the socket is bound already, and shared. */
export type ListenPoint = ListenAddress & { readonly handle?: SocketHandle };

export interface WorkerOptions {
  readonly replica: ReplicaReader;
  readonly edgeKeyPem: string;
  readonly httpsListen: readonly ListenPoint[];
  readonly httpListen: readonly ListenPoint[];
  /** Peers that send a PROXY header first; null: nobody does. */
  readonly proxyProtocolFrom: BlockList | null;
  readonly minVersion: TlsVersion;
  readonly protocol: (context: ProtocolContext) => EdgeProtocol;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Distinguishes the connection ids of workers. */
  readonly idPrefix: string;
  readonly limits?: Partial<Record<keyof typeof EDGE_LIMITS, number>>;
  /** Hears whom the worker refused and saw; `runKey` is the same for all workers of an edge. */
  readonly ledger?: { readonly runKey: string; readonly onNews: (news: LedgerNews) => void };
  /** Told what stands above an admitted leaf, for the workers that share its sessions. */
  readonly onIntermediates?: (shared: SharedIntermediates) => void;
  /** Told when refusing requests does not free memory: the worker is to be replaced. */
  readonly onExhausted?: () => void;
}

export interface RunningWorker {
  readonly httpsAddresses: readonly ListenAddress[];
  readonly httpAddresses: readonly ListenAddress[];
  readonly metrics: WorkerMetrics;
  readonly hosts: EdgeHostTable;
  /** Serves by the new documents from here on, and ends connections that they no longer allow. */
  applyChanges(ids: ChangedIds): void;
  closedHosts(): ClosedHost[];
  /** Tells whom the worker refused and saw until now, and the clients of open connections as seen now. */
  flushLedger(): Promise<void>;
  /** Takes what another worker has seen. */
  takeIntermediates(shared: SharedIntermediates): void;
  /** Stops accepting, lets connections finish for at most `EDGE_LIMITS.drainMs`, then ends them. */
  close(): Promise<void>;
}

/** Listens and serves until closed. Rejects with the error of `listen` when an address cannot be had. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const limits = { ...EDGE_LIMITS, ...options.limits };
  const { log, now } = options;
  const metrics = createWorkerMetrics();
  const intermediates = new KnownIntermediates(options.onIntermediates ?? (() => {}));
  const hosts = new EdgeHostTable({
    replica: options.replica,
    edgeKeyPem: options.edgeKeyPem,
    minVersion: options.minVersion,
    evaluator: new ClientEvaluator(now),
    intermediates,
    now,
    onUnusable: (host, { reason, message, cause }) =>
      log.error(
        { host, reason, detail: message, cause: shorten(cause) },
        'a document cannot be used; what needs it is closed',
      ),
    servedHostsMax: limits.servedHostsMax,
    secureContextsMax: limits.secureContextsMax,
  });
  registerListMetrics(metrics.registry, () => hosts.revocationLists(), now);
  const challenges = new ChallengeAnswers(options);
  const registry = new ConnectionRegistry({
    ...{ hosts, graceMs: limits.revokedGraceMs, firstRequestMs: limits.firstRequestMs, now },
    onRefused: (connection, host, why) => noteEnded(ledger, connection, host, why),
  });
  const lingerer = new Lingerer(limits);
  const ledger = new ClientLedger({
    ...(options.ledger ?? { runKey: options.idPrefix, onNews: () => {} }),
    now,
    registry: metrics.registry,
  });
  const monitor = new LoadMonitor({
    ...{ memoryBytes: limits.memoryBytes, requestsMax: limits.requestsMax, lagMs: limits.lagMs, log },
    readMemory: () => {
      const { used_heap_size: heapUsed, heap_size_limit: heapMax } = getHeapStatistics();
      return { rss: process.memoryUsage.rss(), heapUsed, heapMax };
    },
    now: () => performance.now(),
    onExhausted: options.onExhausted ?? (() => {}),
  });
  const load = new RequestsUnderWay(monitor, metrics, limits.retryAfterSeconds);
  const floods = new FloodLog({ ...limits, now: () => performance.now() });
  const protocol = options.protocol({
    onFlood: ({ clientAddress }) => floods.note(clientAddress),
    load,
    hosts,
    challenges,
    ledger,
    metrics,
    log,
    identityTokens: createIdentityTokens(options),
  });
  const emptyTraffic = new EmptyTraffic({
    ...limits,
    onFlood: (address) => floods.note(address),
    now: () => performance.now(),
  });
  let connections = 0;
  const admit: AdmitOptions = {
    hosts,
    challenges,
    intermediates,
    registry,
    lingerer,
    emptyTraffic,
    turns: new HandshakeTurns(limits.handshakesPerTurnMax),
    serve: protocol.serve,
    serveRefusal: protocol.serveRefusal ?? null,
    ledger,
    log,
    metrics,
    helloMs: limits.helloMs,
    helloBytesMax: limits.helloBytesMax,
    handshakeMs: limits.handshakeMs,
    now,
    nextId() {
      connections += 1;
      return `${options.idPrefix}-${connections.toString(36)}`;
    },
  };

  const sockets = new Roster<OpenSocket>();
  let handshakes = 0;
  const openOf = new AddressLoad(limits.connectionsPerAddressMax);
  const handshakesOf = new AddressLoad(limits.handshakesPerAddressMax);
  const countFor = (open: OpenSocket, address: string): boolean => {
    if (floods.isShut(address) || open.socket.destroyed) return false;
    open.counted = openOf.take(address);
    return open.counted !== null;
  };
  const accept = (socket: Socket): OpenSocket | null => {
    // Errors of sockets are no faults of ours; each ends with 'close', which everything here follows.
    socket.on('error', ignoreError);
    letGoOnceClosed(socket);
    if (sockets.size >= limits.connectionsMax || monitor.isFull) {
      const reason = monitor.isFull ? 'memory' : 'too_many_connections';
      metrics.handshakes.inc({ result: 'refused', reason });
      socket.destroy();
      return null;
    }
    const open: OpenSocket = { socket, counted: null, place: -1 };
    sockets.add(open);
    metrics.connections.set(sockets.size);
    socket.on('close', () => {
      sockets.delete(open);
      metrics.connections.set(sockets.size);
      if (open.counted !== null) openOf.release(open.counted);
    });
    return open;
  };
  const onSecureSocket = (socket: Socket): void => {
    const address = plainAddress(socket.remoteAddress ?? '');
    const open = accept(socket);
    if (open === null) return;
    if (handshakes >= limits.handshakesMax) {
      metrics.handshakes.inc({ result: 'refused', reason: 'too_many_handshakes' });
      socket.destroy();
      return;
    }
    void admitSecure(open, address);
  };
  const admitSecure = async (open: OpenSocket, address: string): Promise<void> => {
    const { socket } = open;
    let counted: AddressCount | null = null;
    handshakes += 1;
    try {
      const accepted = {
        address,
        port: socket.remotePort ?? 0,
        expectProxyHeader: isTrustedProxy(options.proxyProtocolFrom, address),
        countFor(client: string) {
          counted = handshakesOf.take(client);
          return counted !== null && countFor(open, client);
        },
      };
      await admitConnection(socket, accepted, admit);
    } catch (error) {
      log.error({ err: error, client: address }, 'a connection failed inside the edge');
      socket.destroy();
    } finally {
      handshakes -= 1;
      if (counted !== null) handshakesOf.release(counted);
    }
  };
  const onPlainSocket = (socket: Socket): void => {
    const address = plainAddress(socket.remoteAddress ?? '');
    const open = accept(socket);
    if (open === null) return;
    const serve = (client: string): void => {
      if (countFor(open, client)) protocol.servePlain(socket);
      else socket.destroy();
    };
    if (!isTrustedProxy(options.proxyProtocolFrom, address)) {
      serve(address);
      return;
    }
    void takeProxyHeader(socket, limits.helloMs).then((proxied) => {
      if (proxied.outcome === 'header') serve(proxied.address?.address ?? address);
      else socket.destroy();
    });
  };

  const servers: Server[] = [];
  const listen = async (addresses: readonly ListenPoint[], onSocket: (socket: Socket) => void) => {
    const bound: ListenAddress[] = [];
    for (const address of addresses) {
      const server = createServer(
        { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 },
        onSocket,
      );
      servers.push(server);
      bound.push(await listenOn(server, address));
    }
    return bound;
  };
  let httpsAddresses: ListenAddress[];
  let httpAddresses: ListenAddress[];
  try {
    httpsAddresses = await listen(options.httpsListen, onSecureSocket);
    httpAddresses = await listen(options.httpListen, onPlainSocket);
  } catch (error) {
    for (const server of servers) server.close();
    await protocol.close();
    throw error;
  }
  const sweep = setInterval(() => registry.endExpired(), limits.expirySweepMs);
  const looks = setInterval(() => {
    monitor.look();
    emptyTraffic.look();
  }, LOAD_CHECK_MS);

  return {
    httpsAddresses,
    httpAddresses,
    metrics,
    hosts,
    applyChanges(changed) {
      // Challenges are read when a CA asks: no host is made of them, and an order puts several.
      const ids = changed === 'all' ? changed : changed.filter(({ kind }) => kind !== 'challenge');
      if (ids !== 'all' && ids.length === 0) return;
      const concerned = hosts.forget(ids);
      registry.recheck(ids);
      hosts.prepare(concerned);
    },
    closedHosts: () => hosts.closedHosts(),
    async flushLedger() {
      let seen = 0;
      for (const { client, sni } of registry.connections()) {
        const host = client === null ? undefined : hosts.get(sni);
        if (client === null || host === undefined) continue;
        const { leafDer, fingerprint, presented } = client;
        const evaluation = host.evaluate(presented);
        ledger.see({ document: host.document, evaluation, leafDer, fingerprint, chain: presented.chain });
        seen += 1;
        if (seen % SEEN_AT_ONCE_MAX === 0) await new Promise(setImmediate);
      }
      ledger.flush();
    },
    takeIntermediates: (shared) => intermediates.take(shared),
    async close() {
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      registry.drainAll();
      const timer = setTimeout(() => {
        for (const { socket } of sockets) socket.destroy();
      }, limits.drainMs);
      const ended = Promise.all(closed);
      // It ends whatever asks for nothing at the moment, which those who have just come in do.
      const waited = new AbortController();
      await Promise.race([
        ended,
        sleep(Math.min(limits.firstRequestMs, limits.drainMs), undefined, waited).catch(() => {}),
      ]);
      waited.abort();
      await protocol.close();
      await ended;
      // Requests hear of the end of their connections after it, and each has a line to write.
      const until = performance.now() + limits.lastLinesMs;
      while (load.count > 0 && performance.now() < until) await sleep(10);
      clearTimeout(timer);
      clearInterval(sweep);
      clearInterval(looks);
      ledger.flush();
      await protocol.flush?.();
    },
  };
}

/** The cause of a fault as far as a log line should hold it. */
function shorten(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.message.replaceAll(/\s+/g, ' ').slice(0, 500) : undefined;
}

function isTrustedProxy(ranges: BlockList | null, address: string): boolean {
  if (ranges === null) return false;
  return ranges.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}
