import { type ChildProcess, spawn } from 'node:child_process';
import type { Cursor } from '@postern/contracts';
import type { ListenAddress } from '@postern/runtime';
import type { ChangedIds } from '../hosts/host-table.ts';
import type { EdgeStatus } from '../supervisor.ts';
import { asSendHandle, type EdgeSockets } from './listening-sockets.ts';
import type { FromSuccessor, ToSuccessor } from './succession-messages.ts';

/** Milliseconds for the code to load, and for a directory to be left. */
const STEP_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 5_000;

/** A supervisor, in whatever process. */
export interface Generation {
  readonly status: EdgeStatus;
  standAside(): Promise<void>;
  standIn(): void;
  takeChanges(ids: ChangedIds, cursor: Cursor): void;
  /** Resolves when its workers have drained and ended. */
  retire(): Promise<void>;
}

export interface SuccessorOptions {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly sockets: EdgeSockets;
  readonly admin: readonly ListenAddress[];
  readonly onApplied: (ids: ChangedIds, cursor: Cursor) => void;
  /** It ended although nobody had asked it to. */
  readonly onLost: (end: string | number) => void;
}

/** A following supervisor in a process of its own, which ends with this one. */
export class SuccessorProcess implements Generation {
  readonly #options: SuccessorOptions;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #answers = new Map<number, (answer: Extract<FromSuccessor, { type: 'answer' }>) => void>();
  #requests = 0;
  #step: { readonly awaits: FromSuccessor['type']; resolve(): void; reject(error: Error): void } | undefined;
  #isServing = false;
  #retiring = false;

  constructor(options: SuccessorOptions) {
    this.#options = options;
    const [program, ...args] = options.command;
    this.#child = spawn(program, args, {
      env: options.env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'json',
    });
    this.#child.on('message', (message: FromSuccessor) => this.#take(message));
    this.#ended = new Promise((resolve) => {
      const onEnd = (end: string | number) => {
        this.#step?.reject(new Error(`it ended with ${end}`));
        resolve();
        if (this.#isServing && !this.#retiring) options.onLost(end);
      };
      this.#child.once('exit', (code, signal) => onEnd(signal ?? code ?? 0));
      this.#child.on('error', (error: NodeJS.ErrnoException) => {
        if (this.#child.pid === undefined) onEnd(error.code ?? error.message);
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when its code is loaded and it has all sockets; rejects when it ends, or takes too long. */
  load(): Promise<void> {
    const loaded = this.#wait('loaded');
    const { https, http } = this.#options.sockets;
    for (const { address, handle } of https)
      this.#child.send({ type: 'socket', purpose: 'https', address }, asSendHandle(handle), ignore);
    for (const { address, handle } of http)
      this.#child.send({ type: 'socket', purpose: 'http', address }, asSendHandle(handle), ignore);
    this.#send({ type: 'inherit', admin: this.#options.admin });
    return loaded;
  }

  /** Resolves when it serves: from here on the data directory is its own. */
  async begin(): Promise<void> {
    const serving = this.#wait('serving');
    this.#send({ type: 'begin' });
    await serving;
    this.#isServing = true;
  }

  /** Ends it at once, with its workers. */
  kill(): Promise<void> {
    this.#retiring = true;
    this.#child.kill('SIGKILL');
    return this.#ended;
  }

  readonly status: EdgeStatus = {
    unreadyReasons: async () =>
      (await this.#ask('readiness'))?.reasons ?? ['the supervisor of the workers does not answer'],
    metrics: async () => {
      const { metrics } = (await this.#ask('metrics')) ?? {};
      if (metrics === undefined) throw new Error('the supervisor of the workers does not answer');
      return metrics;
    },
  };

  standAside(): Promise<void> {
    const aside = this.#wait('aside');
    this.#send({ type: 'stand-aside' });
    return aside;
  }

  standIn(): void {
    this.#send({ type: 'stand-in' });
  }

  takeChanges(ids: ChangedIds, cursor: Cursor): void {
    this.#send({ type: 'applied', ids, cursor });
  }

  retire(): Promise<void> {
    this.#retiring = true;
    this.#send({ type: 'retire' });
    return this.#ended;
  }

  #take(message: FromSuccessor): void {
    if (message.type === 'applied') this.#options.onApplied(message.ids, message.cursor);
    else if (message.type === 'answer') this.#answers.get(message.request)?.(message);
    else if (message.type === 'failed') this.#step?.reject(new Error(message.detail));
    else if (message.type === this.#step?.awaits) this.#step.resolve();
  }

  #wait(awaits: FromSuccessor['type']): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => reject(new Error(`it was not ${awaits} within ${STEP_TIMEOUT_MS} ms`)),
      STEP_TIMEOUT_MS,
    );
    this.#step = { awaits, resolve, reject };
    return promise.finally(() => {
      clearTimeout(timer);
      this.#step = undefined;
    });
  }

  #ask(about: 'readiness' | 'metrics'): Promise<Extract<FromSuccessor, { type: 'answer' }> | null> {
    this.#requests += 1;
    const request = this.#requests;
    return new Promise((resolve) => {
      const settle = (answer: Extract<FromSuccessor, { type: 'answer' }> | null) => {
        clearTimeout(timer);
        this.#answers.delete(request);
        resolve(answer);
      };
      const timer = setTimeout(() => settle(null), ANSWER_TIMEOUT_MS);
      this.#answers.set(request, settle);
      this.#send({ type: 'ask', request, about });
    });
  }

  #send(message: ToSuccessor): void {
    if (this.#child.connected) this.#child.send(message, ignore);
  }
}

function ignore(): void {}
