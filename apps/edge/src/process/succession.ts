import type { Cursor, Log } from '@postern/contracts';
import type { ChangedIds } from '../hosts/host-table.ts';
import type { RunningEdge } from '../supervisor.ts';
import { type Generation, SuccessorProcess } from './successor-process.ts';

interface SuccessionOptions {
  /** The supervisor in this process, which serves. */
  readonly edge: RunningEdge;
  /** What starts the same program once more: program and arguments. */
  readonly command: readonly [string, ...string[]];
  /** Environment of successors; it must say that they are. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
}

/**
 * The supervisors of an edge, one after another. The first process stays what it was to whoever started it: it keeps the sockets of clients
 * and the operator's listener, and gives each successor the same sockets, so that no connection is refused, lost or left waiting for a restart.
 */
export class Succession {
  readonly #options: SuccessionOptions;
  #current: Generation;
  readonly #retiring = new Set<Generation>();
  #restart: Promise<boolean> | undefined;
  #closing = false;
  readonly #lost = Promise.withResolvers<Error>();

  constructor(options: SuccessionOptions) {
    this.#options = options;
    this.#current = options.edge;
  }

  /** Resolves when a successor ended although nobody had asked it to: nobody supervises workers then. */
  get lost(): Promise<Error> {
    return this.#lost.promise;
  }

  /** Tells the workers that are still draining what has been applied. */
  readonly relay = (ids: ChangedIds, cursor: Cursor): void => {
    for (const generation of this.#retiring) generation.takeChanges(ids, cursor);
  };

  /**
   * Starts the program anew beside what runs; resolves with true when the new one alone takes connections, and lets the old one drain. Where the
   * new one does not come to serve, the old one goes on as before: false. One restart at a time: a call during one gives that one's result.
   */
  restart(): Promise<boolean> {
    this.#restart ??= this.#succeed().finally(() => {
      this.#restart = undefined;
    });
    return this.#restart;
  }

  /** Lets the present and earlier supervisors drain, then closes sockets and the operator's listener. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#restart;
    await Promise.all([this.#current, ...this.#retiring].map((generation) => generation.retire()));
    await this.#options.edge.close();
  }

  async #succeed(): Promise<boolean> {
    const { edge, command, env, log } = this.#options;
    if (this.#closing) return false;
    const next = new SuccessorProcess({
      ...{ command, env, sockets: edge.sockets, admin: edge.addresses.admin },
      onApplied: this.relay,
      onLost: (end) => {
        log.error({ end, supervisor: next.pid }, 'the supervisor of the workers ended');
        this.#lost.resolve(new Error(`the supervisor of the workers ended with ${end}`));
      },
    });
    const before = this.#current;
    let isAside = false;
    try {
      await next.load();
      await before.standAside();
      isAside = true;
      await next.begin();
    } catch (error) {
      await next.kill();
      log.error({ detail: detailOf(error) }, 'the edge could not be restarted, and serves as before');
      if (isAside) this.#standIn(before);
      return false;
    }
    this.#current = next;
    edge.answerBy(next.status);
    this.#retiring.add(before);
    before
      .retire()
      .catch((failure: unknown) => log.error({ err: failure }, 'an edge that was followed did not end well'))
      .finally(() => this.#retiring.delete(before));
    log.info({ supervisor: next.pid }, 'the edge was restarted');
    return true;
  }

  /** Without its data directory it would serve what it knows for ever. */
  #standIn(generation: Generation): void {
    try {
      generation.standIn();
    } catch (error) {
      this.#lost.resolve(new Error(`the data directory cannot be had back: ${detailOf(error)}`));
    }
  }
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
