import { type ChildProcess, fork } from 'node:child_process';
import { extname, join } from 'node:path';
import { type Cursor, type Log, PosternError } from '@postern/contracts/plain';
import { workerEnv } from '../env.ts';
import type { ClosedHost } from '../hosts/host-entry.ts';
import type { ChangedIds } from '../hosts/host-table.ts';
import type { LedgerNews } from '../ledger/client-ledger.ts';
import { asSendHandle, type EdgeSockets } from './listening-sockets.ts';
import type { TargetLog } from './target-log.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts';

/** Milliseconds a worker must have lived for its end to count as the first one again. */
const STEADY_MS = 10_000;
/** Milliseconds before the second restart in a row, doubled up to the longest. The first comes at once. */
const RESTART_MIN_MS = 200;
const RESTART_MAX_MS = 10_000;
/** Milliseconds that workers get on top of their own drain limit before they are killed. */
const KILL_AFTER_MS = 5_000;
/**
 * Room for young objects that stays as it is, so that memory does: Node's own 16 MiB are taken bit by bit over minutes, 40 MiB in all. Most other
 * flags here would have V8 compile Node's own modules anew at each start, 55 ms of it: a worker sets them for itself once it listens.
 */
export const WORKER_FLAGS = ['--min-semi-space-size=8', '--max-semi-space-size=8'];
const METRICS_TIMEOUT_MS = 2_000;
const FLUSH_TIMEOUT_MS = 5_000;

interface Slot {
  readonly number: number;
  worker: ChildProcess | null;
  /** Has its settings: from here on it must hear of every change. */
  started: boolean;
  listening: boolean;
  cursor: Cursor | null;
  closedHosts: readonly ClosedHost[];
  failures: number;
  startedAt: number;
}

interface WorkerPoolOptions {
  readonly workers: number;
  /** Asked for when a worker's code is loaded. */
  readonly settings: (slot: number) => Promise<WorkerSettings>;
  /** What the workers accept on; there once the settings are. */
  readonly sockets: () => EdgeSockets;
  readonly drainMs: number;
  readonly log: Log;
  /** What health checks have found; outlives the worker that checks. */
  readonly targets: TargetLog;
  /** Hears whom a worker refused and saw. */
  readonly onLedger: (news: LedgerNews) => void;
  /** Called when workers have come, gone, acknowledged, or found hosts closed. */
  readonly onProgress: () => void;
}

/**
 * The worker processes of an edge, kept running: they accept on sockets that this process keeps open, so that nobody is turned away while
 * they start; a crashed one is started again at once, one that keeps crashing with growing waits. When this process ends, they end.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #slots: Slot[];
  /** The worker that checks targets for all. */
  #checking: Slot | null = null;
  readonly #waiting = new Map<number, (metrics: readonly unknown[]) => void>();
  #requests = 0;
  #closing = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.workers }, (_, number) => ({
      number,
      worker: null,
      started: false,
      listening: false,
      cursor: null,
      closedHosts: [],
      failures: 0,
      startedAt: 0,
    }));
  }

  /** Resolves when every worker listens; rejects when the first attempt of one fails, with nothing left running. */
  async start(): Promise<void> {
    try {
      await Promise.all(
        this.#slots.map(
          (slot) => new Promise<void>((resolve, reject) => this.#fork(slot, { resolve, reject })),
        ),
      );
    } catch (error) {
      this.#closing = true;
      await this.#endAll((worker) => worker.kill('SIGKILL'));
      throw error;
    }
  }

  /** True when every worker accepts connections. */
  get isListening(): boolean {
    return !this.#closing && this.#slots.every(({ listening }) => listening);
  }

  /** The revision that every listening worker serves by; null while they serve by different epochs, or none listens. */
  get applied(): Cursor | null {
    const listening = this.#slots.filter((slot) => slot.listening);
    const cursors = listening.flatMap(({ cursor }) => cursor ?? []);
    const [first] = cursors;
    if (first === undefined || cursors.length < listening.length) return null;
    if (cursors.some(({ epoch }) => epoch !== first.epoch)) return null;
    return { epoch: first.epoch, revision: Math.min(...cursors.map(({ revision }) => revision)) };
  }

  /** Hosts that any worker keeps closed, by name. */
  get closedHosts(): ClosedHost[] {
    const byHost = new Map<string, ClosedHost>();
    for (const { closedHosts } of this.#slots)
      for (const closed of closedHosts) byHost.set(closed.host, closed);
    return [...byHost.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
  }

  /** Process ids of the workers, for tests and the log. */
  get pids(): number[] {
    return this.#slots.flatMap(({ worker }) => worker?.pid ?? []);
  }

  /** Tells every worker what has been applied to the replica. */
  broadcast(ids: ChangedIds, cursor: Cursor): void {
    for (const slot of this.#slots) if (slot.started) send(slot.worker, { type: 'applied', ids, cursor });
  }

  /** The metrics of every worker that answers in time. */
  async metrics(): Promise<(readonly unknown[])[]> {
    const answers = await this.#ask('metrics', METRICS_TIMEOUT_MS);
    return answers.map((answer) => answer ?? []);
  }

  /** Has every worker tell whom it refused and saw until now; false where one does not listen, or answer in time. */
  async flushLedger(): Promise<boolean> {
    if (!this.isListening) return false;
    const answers = await this.#ask('flush-ledger', FLUSH_TIMEOUT_MS);
    return answers.every((answer) => answer !== null);
  }

  /** Asks every listening worker; null for one that does not answer in time. */
  #ask(type: 'metrics' | 'flush-ledger', timeoutMs: number): Promise<(readonly unknown[] | null)[]> {
    const answers = this.#slots
      .filter(({ listening }) => listening)
      .map((slot) => {
        this.#requests += 1;
        const request = this.#requests;
        return new Promise<readonly unknown[] | null>((resolve) => {
          const timer = setTimeout(() => settle(null), timeoutMs);
          const settle = (answer: readonly unknown[] | null) => {
            clearTimeout(timer);
            this.#waiting.delete(request);
            resolve(answer);
          };
          this.#waiting.set(request, settle);
          send(slot.worker, { type, request });
        });
      });
    return Promise.all(answers);
  }

  /** Lets the workers drain and waits for their end; what does not end in time is killed. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#endAll((worker) => {
      const timer = setTimeout(() => worker.kill('SIGKILL'), this.#options.drainMs + KILL_AFTER_MS);
      worker.once('exit', () => clearTimeout(timer));
      send(worker, { type: 'drain' });
    });
  }

  /** Resolves when no worker is left, and nothing will be heard of one any more. */
  async #endAll(end: (worker: ChildProcess) => void): Promise<void> {
    const workers = this.#slots.flatMap(({ worker }) => worker ?? []);
    await Promise.all(
      workers.map((worker) => {
        const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
        end(worker);
        return ended;
      }),
    );
  }

  #fork(slot: Slot, first?: { resolve: () => void; reject: (error: Error) => void }): void {
    // All of it said here: this process may be one that has flags and arguments of its own.
    const worker = fork(join(import.meta.dirname, `worker-main${extname(import.meta.filename)}`), [], {
      execArgv: WORKER_FLAGS,
      env: workerEnv(),
      serialization: 'json',
    });
    slot.worker = worker;
    slot.startedAt = performance.now();
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'listening') first?.resolve();
      if (message.type === 'failed')
        first?.reject(new PosternError('unavailable', { detail: message.detail }));
      this.#take(slot, worker, message);
    });
    const onEnd = (end: string | number) => {
      Object.assign(slot, { worker: null, started: false, listening: false, cursor: null, closedHosts: [] });
      if (this.#checking === slot) this.#electChecker();
      first?.reject(
        new PosternError('internal', { detail: `an edge worker ended with ${end} before it listened` }),
      );
      this.#options.onProgress();
      if (!this.#closing) this.#restart(slot, end);
    };
    worker.on('error', (error: NodeJS.ErrnoException) => {
      this.#options.log.warn({ err: error, worker: slot.number }, 'worker channel failed');
      // Where no process could be made there is no 'exit' either; in all other cases it follows.
      if (worker.pid === undefined) onEnd(error.code ?? error.message);
    });
    worker.once('exit', (code, signal) => onEnd(signal ?? code ?? 0));
  }

  #restart(slot: Slot, end: string | number): void {
    const livedMs = performance.now() - slot.startedAt;
    slot.failures = livedMs >= STEADY_MS ? 0 : slot.failures + 1;
    const waitMs =
      slot.failures <= 1 ? 0 : Math.min(RESTART_MIN_MS * 2 ** (slot.failures - 2), RESTART_MAX_MS);
    this.#options.log.error(
      { worker: slot.number, end, livedMs: Math.round(livedMs), waitMs },
      'a worker ended and is started again',
    );
    setTimeout(() => {
      if (!this.#closing) this.#fork(slot);
    }, waitMs).unref();
  }

  /** Gives the checks to the first worker that listens; where none does, the next one that will gets them. */
  #electChecker(): void {
    this.#checking = this.#slots.find(({ listening }) => listening) ?? null;
    send(this.#checking?.worker ?? null, { type: 'check-targets' });
  }

  #take(slot: Slot, worker: ChildProcess, message: FromWorker): void {
    if (slot.worker !== worker) return;
    switch (message.type) {
      case 'hello':
        void this.#options.settings(slot.number).then((settings) => {
          if (slot.worker !== worker) return;
          slot.started = true;
          const { https, http } = this.#options.sockets();
          for (const { address, handle } of https)
            worker.send({ type: 'socket', purpose: 'https', address }, asSendHandle(handle), ignore);
          for (const { address, handle } of http)
            worker.send({ type: 'socket', purpose: 'http', address }, asSendHandle(handle), ignore);
          send(worker, { type: 'start', settings });
          send(worker, { type: 'targets', changed: this.#options.targets.list() });
        });
        return;
      case 'listening':
        slot.listening = true;
        slot.cursor = message.cursor;
        if (this.#checking === null) this.#electChecker();
        break;
      case 'failed':
        this.#options.log.error({ worker: slot.number, detail: message.detail }, 'a worker cannot serve');
        return;
      case 'acknowledged':
        slot.cursor = message.cursor;
        break;
      case 'intermediates':
        for (const other of this.#slots) if (other !== slot && other.listening) send(other.worker, message);
        return;
      case 'closed-hosts':
        slot.closedHosts = message.hosts;
        break;
      case 'targets':
        this.#options.targets.apply(message.changed);
        for (const other of this.#slots)
          if (other !== slot && other.started)
            send(other.worker, { type: 'targets', changed: message.changed });
        break;
      case 'ledger':
        this.#options.onLedger(message.news);
        return;
      case 'metrics':
        this.#waiting.get(message.request)?.(message.metrics);
        return;
      case 'ledger-flushed':
        this.#waiting.get(message.request)?.([]);
        return;
    }
    this.#options.onProgress();
  }
}

/** A worker that is gone is no error here: its 'exit' is followed. */
function send(worker: ChildProcess | null, message: ToWorker): void {
  if (worker?.connected === true) worker.send(message, ignore);
}

function ignore(): void {}
