import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./writer-process.ts', import.meta.url));

/** Another process that writes to a store, and the acknowledgements it has printed. */
export class Writer {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';

  constructor(url: string, name: string, count: number) {
    this.#child = spawn(process.execPath, [SCRIPT, url, name, String(count)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    this.#ended = once(this.#child, 'close');
  }

  async ready(): Promise<void> {
    while (!this.#output.includes('ready\n') && this.#child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Resolves with the exit code when the process has ended by itself. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** Lines of acknowledged writes, in order. */
  acknowledged(): string[] {
    return this.#output.split('\n').filter((line) => /^[-+=]/.test(line));
  }
}
