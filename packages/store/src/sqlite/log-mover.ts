import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type Database from 'better-sqlite3';

/** Pages of 4 KiB in the log from which on they are moved: some 130 writes of a route, against which the start of a thread, some 25 ms of it, is little. */
const MOVED_FROM_PAGES = 1_000;
/** Pages, 32 MiB, at which a commit moves them itself: the bound of the log where the thread does not keep up. */
const LOG_PAGES_MAX = 8_000;
/** Commits between two looks at the log. */
const LOOK_EVERY_COMMITS = 8;

/**
 * Moves the log of a database into its file beside the work. SQLite alone does it within a commit, and some write in 130 waits for a thousand pages to
 * reach the disk, with all else that its process has to answer. The thread lives for one moving, so that it holds no descriptor between
 * them; what it fails to move is left for the next one, or for a commit at the bound.
 */
export class LogMover {
  readonly #connection: Database.Database;
  #commits = 0;
  #thread: Worker | undefined;
  #isStopped = false;

  constructor(connection: Database.Database) {
    this.#connection = connection;
    connection.pragma(`wal_autocheckpoint = ${LOG_PAGES_MAX}`);
  }

  /** To be called after each commit. It never throws: the write has happened. */
  noteCommit(): void {
    this.#commits += 1;
    if (this.#commits % LOOK_EVERY_COMMITS > 0 || this.#thread !== undefined || this.#isStopped) return;
    try {
      if (pagesInLog(this.#connection) >= MOVED_FROM_PAGES) this.#start();
    } catch {
      // Neither a look nor a thread: the bound holds.
    }
  }

  /** Starts no more threads; resolves once none has the file open. To be called before the connection is closed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const thread = this.#thread;
    if (thread === undefined) return;
    thread.ref();
    await new Promise((resolve) => thread.once('exit', resolve));
  }

  #start(): void {
    const sqlite = createRequire(import.meta.url).resolve('better-sqlite3');
    // Given as text: a file of TypeScript would have each thread load what strips types, 15 MiB.
    const thread = new Worker(
      `(${moveLog})(require(${JSON.stringify(sqlite)}), ${JSON.stringify(this.#connection.name)})`,
      {
        eval: true,
        execArgv: [],
      },
    );
    this.#thread = thread;
    thread.unref();
    // Nobody waits for it, and the next one tries again.
    thread.on('error', () => {});
    thread.on('exit', () => {
      this.#thread = undefined;
    });
  }
}

/** Runs in the thread, by its text: it can use nothing but what it is given. */
function moveLog(Sqlite: typeof Database, file: string): void {
  const connection = new Sqlite(file, { fileMustExist: true });
  // What is written meanwhile is moved as well, so that the log begins anew; a writer that never rests does it itself at the bound.
  for (let round = 0; round < 5; round += 1) {
    const [state] = connection.pragma('wal_checkpoint(PASSIVE)') as { log: number; checkpointed: number }[];
    if (state === undefined || state.checkpointed >= state.log) break;
  }
  connection.close();
}

/** Pages of the log that are not in the file yet: what asks for it moves none and waits for nobody. */
export function pagesInLog(connection: Database.Database): number {
  const [state] = connection.pragma('wal_checkpoint(NOOP)') as { log: number; checkpointed: number }[];
  return state === undefined ? 0 : state.log - state.checkpointed;
}
