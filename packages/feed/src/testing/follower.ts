import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReplica, type Replica } from '@postern/replica';
import { type FeedApplied, type FeedState, type FollowFeedOptions, followFeed } from '../client/index.ts';

/** A real replica that follows a feed, and what it heard. */
export class Follower {
  readonly folder = mkdtempSync(join(tmpdir(), 'postern-feed-'));
  readonly replica: Replica = openReplica({ file: join(this.folder, 'replica.db'), readOnly: false });
  readonly applied: FeedApplied[] = [];
  readonly states: FeedState[] = [];
  #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();

  follow(url: string, extra: Partial<FollowFeedOptions> = {}): void {
    this.#stop = new AbortController();
    this.#done = followFeed({
      url,
      token: 'token',
      edge: 'edge-1',
      edgeKey: 'key',
      sink: this.replica,
      onApplied: (applied) => this.applied.push(applied),
      onState: (state) => this.states.push(state),
      signal: this.#stop.signal,
      random: () => 0,
      log: () => undefined,
      ...extra,
    });
    // Awaited in stop() and done(); until then a rejection is nobody's fault.
    this.#done.catch(() => undefined);
  }

  done(): Promise<void> {
    return this.#done;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  dispose(): void {
    this.replica.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
