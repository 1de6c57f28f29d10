import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HostedCall, HostedResult } from './call-host.ts';

const host = fileURLToPath(new URL('call-host.ts', import.meta.url));

/**
 * Processes that have the program loaded: a call costs what the command does, not a start of Node and of the program.
 * A call has a host to itself. Signals, standard input, terminals and how a process ends are for processes of their own.
 */
export class HostedCalls implements Disposable {
  readonly #all: ChildProcess[] = [];
  readonly #idle: ChildProcess[] = [];

  /** Runs one call; rejects when its host ends before it answers. */
  async run(call: HostedCall): Promise<HostedResult> {
    const child = this.#idle.pop() ?? this.#start();
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null, signal: string | null): void =>
        reject(new Error(`the host of "postern ${call.args.join(' ')}" ended: ${signal ?? code}`));
      child.once('exit', onExit);
      child.once('message', (result: HostedResult) => {
        child.removeListener('exit', onExit);
        this.#idle.push(child);
        resolve(result);
      });
      child.send(call);
    });
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, [host], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#all.push(child);
    return child;
  }

  [Symbol.dispose](): void {
    for (const child of this.#all) child.kill('SIGKILL');
  }
}
