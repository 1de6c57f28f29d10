import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Change } from '@postern/contracts';
import { openStore, type Store } from '@postern/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FeedSource, streamFeed } from './server/index.ts';
import { answerWithFeed, FeedServer } from './testing/feed-server.ts';
import { Follower } from './testing/follower.ts';

const execFileAsync = promisify(execFile);
const WAIT = { timeout: 30_000, interval: 20 };

let folder: string;
let store: Store;
let server: FeedServer;
let follower: Follower;
/** The store, counting what is read of it and who listens to it. */
let source: FeedSource & { rowsRead: number; charsRead: number; listeners: number };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-feed-load-'));
  store = await openStore({
    url: `sqlite:${join(folder, 'store.db')}`,
    compiler: {
      compileHost: () => {
        throw new Error('nothing is compiled here');
      },
      checkRoute: () => [],
      checkClientCas: () => [],
      checkService: () => [],
    },
    now: Date.now,
    pollMs: 20,
  });
  source = {
    rowsRead: 0,
    charsRead: 0,
    listeners: 0,
    cursor: () => store.cursor(),
    isResumable: (cursor) => store.isResumable(cursor),
    async changesAfter(revision, limit) {
      const page = await store.changesAfter(revision, limit);
      this.rowsRead += page.length;
      this.charsRead += page.reduce((sum, { body }) => sum + JSON.stringify(body).length, 0);
      return page;
    },
    onRevision(listener) {
      const stop = store.onRevision(listener);
      this.listeners += 1;
      return () => {
        this.listeners -= 1;
        stop();
      };
    },
  };
  server = new FeedServer((request, response, signal) =>
    answerWithFeed(request, response, { source, signal, heartbeatMs: 50, log: () => undefined }),
  );
  await server.start();
  follower = new Follower();
});

afterEach(async () => {
  await follower.stop();
  follower.dispose();
  await server.stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Commits changes at once from another process: one for each number, each body of some `chars`. */
async function commit(from: number, to: number, chars = 100): Promise<void> {
  const script = fileURLToPath(new URL('./testing/commit-changes.ts', import.meta.url));
  const database = join(folder, 'store.db');
  await execFileAsync(process.execPath, [script, database, ...[from, to, chars].map(String)]);
}

async function untilRevision(): Promise<void> {
  const { revision } = await store.cursor();
  await vi.waitFor(() => expect(follower.replica.cursor()?.revision).toBe(revision), WAIT);
}

/** A reader that asks for the feed and reads nothing of it until it is resumed. */
async function standStill(): Promise<Socket> {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  const asked = server.requests.length;
  socket.write('GET /v1/feed?edge=slow HTTP/1.1\r\nHost: a\r\n\r\n');
  await vi.waitFor(() => expect(server.requests.length).toBe(asked + 1), WAIT);
  return socket;
}

test('5,000 changes committed at once reach a follower in order, complete, and in one transaction', async () => {
  await commit(0, 10);
  follower.follow(server.url);
  await untilRevision();
  const before = follower.applied.length;
  await commit(5, 5005);
  await untilRevision();
  expect(follower.replica.listIds('host')).toHaveLength(5005);
  expect(follower.applied).toHaveLength(before + 1);
  expect(follower.applied.at(-1)?.ids).toHaveLength(5000);
  expect(follower.states.filter(({ state }) => state === 'retrying')).toEqual([]);
});

test('a reader that stands still is read for no further, delays no other, and goes on to the newest state', async () => {
  await commit(0, 1500, 20_000);
  const slow = await standStill();
  let read = -1;
  await vi.waitFor(async () => {
    const before = source.rowsRead;
    await sleep(300);
    expect(source.rowsRead).toBe(before);
    read = before;
  }, WAIT);
  expect(read).toBeLessThan(1500);
  follower.follow(server.url);
  await untilRevision();
  for (let round = 0; round < 5; round += 1) await commit(round, round + 1, 10);
  await untilRevision();
  const { epoch, revision } = await store.cursor();
  let text = '';
  slow.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('latin1')).slice(-100_000);
  });
  slow.resume();
  await vi.waitFor(() => expect(text).toContain(`id: ${epoch}:${revision}\n`), WAIT);
  slow.destroy();
});

test('what is read ahead of a reader that stands still is a few documents, not a store full of them', async () => {
  await commit(0, 150, 200_000);
  const stop = new AbortController();
  const options = { source, after: null, signal: stop.signal, log: () => undefined };
  const readers = [1, 2, 3].map(() => streamFeed(options).getReader());
  // The first chunk tells that a full copy follows; the second has the first documents.
  for (const reader of readers) await reader.read().then(() => reader.read());
  await sleep(50);
  expect(source.charsRead / readers.length).toBeLessThan(12_000_000);
  stop.abort();
  await Promise.all(readers.map((reader) => reader.cancel()));
});

test('readers that are killed, in the middle of a copy or while they wait, leave nothing behind', async () => {
  await commit(0, 600, 20_000);
  const stuck = [await standStill(), await standStill(), await standStill()];
  follower.follow(server.url);
  await untilRevision();
  expect(source.listeners).toBe(4);
  for (const socket of stuck) socket.resetAndDestroy();
  await vi.waitFor(() => expect(source.listeners).toBe(1), WAIT);
  await follower.stop();
  await vi.waitFor(() => expect(source.listeners).toBe(0), WAIT);
  const read = source.rowsRead;
  await commit(0, 5);
  await sleep(200);
  expect(source.rowsRead).toBe(read);
});

test('a reader that was stopped before it began leaves nothing behind', async () => {
  const reader = streamFeed({
    ...{ source, after: null, log: () => undefined },
    signal: AbortSignal.abort(),
  }).getReader();
  while (!(await reader.read()).done);
  expect(source.listeners).toBe(0);
});

test('changes that come while a page is being read are neither lost nor called complete too early', async () => {
  await commit(0, 120);
  const { changesAfter } = source;
  let commits = 0;
  const commitOne = async () => {
    commits += 1;
    if (commits <= 6) await commit(commits, commits + 1, 10 + commits);
  };
  source.changesAfter = async function racing(this: typeof source, revision: number, limit: number) {
    if (commits % 2 === 0) await commitOne();
    const page: Change[] = await changesAfter.call(this, revision, limit);
    if (commits % 2 === 1) await commitOne();
    return page;
  };
  follower.follow(server.url);
  await vi.waitFor(() => expect(commits).toBeGreaterThan(6), WAIT);
  await untilRevision();
  for (let n = 1; n <= 6; n += 1) {
    expect(follower.replica.get('host', `h${n}.example.org`)?.body).toMatchObject({
      pad: 'x'.repeat(10 + n),
    });
  }
  expect(follower.states.filter(({ state }) => state === 'retrying')).toEqual([]);
});
