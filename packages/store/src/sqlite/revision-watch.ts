import type Database from 'better-sqlite3';

/**
 * Tells listeners when the revision has grown, or when anything was written: at once after commits of this connection (`lookNow`), and within
 * `pollMs` after those of other processes, which `PRAGMA data_version` shows at the cost of one page read.
 * It polls only while somebody listens, and keeps no process alive.
 */
export class RevisionWatch {
  readonly #connection: Database.Database;
  readonly #readRevision: () => number;
  readonly #pollMs: number;
  readonly #listeners = { revision: new Set<() => void>(), write: new Set<() => void>() };
  #timer: NodeJS.Timeout | undefined;
  #dataVersion: unknown;
  #revision = 0;

  constructor(connection: Database.Database, readRevision: () => number, pollMs: number) {
    this.#connection = connection;
    this.#readRevision = readRevision;
    this.#pollMs = pollMs;
  }

  listen(to: 'revision' | 'write', listener: () => void): () => void {
    if (!this.#isHeard()) this.#start();
    // Wrapped, so that one function given twice is two listeners and each is stopped alone.
    const entry = (): void => listener();
    this.#listeners[to].add(entry);
    return () => {
      this.#listeners[to].delete(entry);
      if (!this.#isHeard()) this.stop();
    };
  }

  /** To be called after each commit of this connection. It never throws: the write has happened. */
  lookNow(): void {
    if (!this.#isHeard()) return;
    this.#wake('write');
    if (this.#hasGrown()) this.#wake('revision');
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#listeners.revision.clear();
    this.#listeners.write.clear();
  }

  #start(): void {
    this.#dataVersion = this.#readDataVersion();
    this.#revision = this.#readRevision();
    this.#timer = setInterval(() => {
      if (!this.#isTouchedByOthers()) return;
      this.#wake('write');
      if (this.#hasGrown()) this.#wake('revision');
    }, this.#pollMs);
    this.#timer.unref();
  }

  /** A database that cannot be read wakes the listeners as well: their own reads then fail with the reason. */
  #hasGrown(): boolean {
    try {
      const revision = this.#readRevision();
      if (revision === this.#revision) return false;
      this.#revision = revision;
    } catch {
      return true;
    }
    return true;
  }

  #isTouchedByOthers(): boolean {
    try {
      const dataVersion = this.#readDataVersion();
      if (dataVersion === this.#dataVersion) return false;
      this.#dataVersion = dataVersion;
    } catch {
      return true;
    }
    return true;
  }

  #isHeard(): boolean {
    return this.#listeners.revision.size + this.#listeners.write.size > 0;
  }

  #wake(what: 'revision' | 'write'): void {
    for (const listener of this.#listeners[what]) queueMicrotask(listener);
  }

  #readDataVersion(): unknown {
    return this.#connection.pragma('data_version', { simple: true });
  }
}
