import type Database from 'better-sqlite3';

/**
 * Tells listeners when the revision has grown: at once after commits of this connection (`lookNow`), and within
 * `pollMs` after those of other processes, which `PRAGMA data_version` shows at the cost of one page read.
 * It polls only while somebody listens, and keeps no process alive.
 */
export class RevisionWatch {
  readonly #connection: Database.Database;
  readonly #readRevision: () => number;
  readonly #pollMs: number;
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #dataVersion: unknown;
  #revision = 0;

  constructor(connection: Database.Database, readRevision: () => number, pollMs: number) {
    this.#connection = connection;
    this.#readRevision = readRevision;
    this.#pollMs = pollMs;
  }

  listen(listener: () => void): () => void {
    if (this.#listeners.size === 0) this.#start();
    // Wrapped, so that one function given twice is two listeners and each is stopped alone.
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
      if (this.#listeners.size === 0) this.stop();
    };
  }

  /** To be called after each commit of this connection. It never throws: the write has happened. */
  lookNow(): void {
    if (this.#listeners.size > 0 && this.#hasGrown()) this.#wake();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#listeners.clear();
  }

  #start(): void {
    this.#dataVersion = this.#readDataVersion();
    this.#revision = this.#readRevision();
    this.#timer = setInterval(() => {
      if (this.#isTouchedByOthers() && this.#hasGrown()) this.#wake();
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

  #wake(): void {
    for (const listener of this.#listeners) queueMicrotask(listener);
  }

  #readDataVersion(): unknown {
    return this.#connection.pragma('data_version', { simple: true });
  }
}
