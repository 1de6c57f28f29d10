import { setTimeout as sleep } from 'node:timers/promises';
import type { Cursor, Log } from '@postern/contracts';
import type { FeedState } from '@postern/feed/client';
import { openReplica, type Replica } from '@postern/replica';
import type { ChangedIds } from '../hosts/host-table.ts';
import { EDGE_LIMITS } from '../limits.ts';
import { checkReplica } from './check-replica.ts';
import { type EdgeDataDirectory, openEdgeDataDirectory } from './edge-data-directory.ts';
import { readTokenFile } from './token-file.ts';

/** Milliseconds between two looks for a token file, or for a feed that failed inside the edge. */
const RETRY_MS = 1_000;

interface HostFollowerOptions {
  readonly dataDirectory: string;
  readonly log: Log;
  readonly onApplied: (ids: ChangedIds, cursor: Cursor) => void;
  /** The feed is followed, and was not before. */
  readonly onFollowing: () => void;
}

interface FeedSource {
  /** Of the API, without a slash at its end. */
  readonly apiUrl: string;
  readonly tokenFile: string;
  /** The name of this edge. */
  readonly edge: string;
}

/** The edge's data directory while it is this process's: holds its lock and keeps its replica up to date. */
export class HostFollower {
  readonly #options: HostFollowerOptions;
  #source: FeedSource | undefined;
  #data: EdgeDataDirectory;
  /** Null while the directory is left to another process. */
  #replica: Replica | null;
  #cursor: Cursor | null;
  #feed: FeedState = { state: 'connecting' };
  #stop = new AbortController();
  #following: Promise<unknown> = Promise.resolve();

  /** Throws PosternError `unavailable` where the directory cannot be had. */
  constructor(options: HostFollowerOptions) {
    this.#options = options;
    const { data, replica } = open(options);
    this.#data = data;
    this.#replica = replica;
    this.#cursor = replica.cursor();
  }

  get data(): Omit<EdgeDataDirectory, 'release'> {
    return this.#data;
  }

  /** How far the replica is; null before the first copy. */
  get cursor(): Cursor | null {
    return this.#cursor;
  }

  get isFollowing(): boolean {
    return this.#feed.state === 'following';
  }

  /** Follows the feed until closed; waits for the token where it is not there yet. */
  follow(source: FeedSource): void {
    this.#source = source;
    const { signal } = this.#stop;
    const replica = this.#replica;
    if (replica === null) return;
    this.#following = this.#followSoon(signal, source, replica);
  }

  /** Leaves the directory to whoever opens it next. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
    this.#feed = { state: 'connecting' };
    if (this.#replica === null) return;
    this.#replica.close();
    this.#replica = null;
    this.#data.release();
  }

  /** Takes the directory back, and follows as before. */
  reopen(): void {
    const { data, replica } = open(this.#options);
    this.#data = data;
    this.#replica = replica;
    this.#cursor = replica.cursor();
    this.#stop = new AbortController();
    if (this.#source !== undefined) this.follow(this.#source);
  }

  async #followSoon(signal: AbortSignal, source: FeedSource, replica: Replica): Promise<void> {
    if (this.#cursor !== null) await sleep(EDGE_LIMITS.firstClientsMs, undefined, { signal }).catch(() => {});
    const checked = checkReplica(replica, this.#options.log, signal);
    await Promise.all([this.#followUntil(signal, source, replica), checked]);
  }

  async #followUntil(
    signal: AbortSignal,
    { apiUrl, tokenFile, edge }: FeedSource,
    replica: Replica,
  ): Promise<void> {
    const { log, onApplied, onFollowing } = this.#options;
    let toldOfToken = false;
    while (!signal.aborted) {
      const token = readTokenFile(tokenFile);
      if (token === null) {
        if (!toldOfToken)
          log.warn({ file: tokenFile }, 'POSTERN_EDGE_TOKEN_FILE: there is no token yet; waiting for it');
        toldOfToken = true;
      } else {
        try {
          // Not before: it would take the time of workers that are starting.
          const { followFeed } = await import('@postern/feed/client');
          await followFeed({
            ...{
              url: `${apiUrl}/v1/feed`,
              token,
              signal,
              edge,
              edgeKey: this.#data.publicKey,
              sink: replica,
            },
            onApplied: ({ ids, cursor }) => {
              this.#cursor = replica.cursor();
              onApplied(ids, cursor);
            },
            onState: (state) => {
              const isNew = state.state === 'following' && !this.isFollowing;
              this.#feed = state;
              if (isNew) onFollowing();
            },
            random: Math.random,
            log: ({ message }) => log.warn({}, message),
          });
        } catch (error) {
          log.error({ err: error }, 'following the feed failed inside the edge');
        }
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

function open({ dataDirectory, log }: HostFollowerOptions): { data: EdgeDataDirectory; replica: Replica } {
  const data = openEdgeDataDirectory(dataDirectory);
  try {
    const replica = openReplica({ file: data.replicaFile, readOnly: false });
    if (replica.setAside !== null)
      log.error({ file: replica.setAside }, 'the replica was damaged and set aside');
    return { data, replica };
  } catch (error) {
    data.release();
    throw error;
  }
}
