import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { answerWithText, FeedServer } from '../testing/feed-server.ts';
import { Follower } from '../testing/follower.ts';
import { FEED_LIMITS } from './index.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: FeedServer;
let follower: Follower;
/** One for each connection; the last one stays. */
let answers: Answer[];

beforeEach(async () => {
  answers = [];
  server = new FeedServer((request, response) =>
    (answers.length > 1 ? answers.shift() : answers[0])?.(request, response),
  );
  await server.start();
  follower = new Follower();
});

afterEach(async () => {
  await follower.stop();
  follower.dispose();
  await server.stop();
});

const text =
  (...pieces: (string | Buffer)[]): Answer =>
  (_, response) =>
    void answerWithText(response, pieces);

const status =
  (code: number): Answer =>
  (_, response) =>
    void response.writeHead(code).end();

const RESYNC = 'event: resync\ndata: {"epoch":"e"}\n\n';

function change(id: string, revision: number, body: unknown = { id }): string {
  return `event: change\ndata: ${JSON.stringify({ epoch: 'e', revision, kind: 'host', id, formatVersion: 1, body })}\n\n`;
}

function synced(revision: number, id = `e:${revision}`): string {
  return `event: synced\nid: ${id}\ndata: {"epoch":"e","revision":${revision}}\n\n`;
}

/** A copy at revision 2 with the hosts a and b. */
const COPY = RESYNC + change('a', 1) + change('b', 2) + synced(2);

async function untilRevision(revision: number): Promise<void> {
  await vi.waitFor(() => expect(follower.replica.cursor()).toEqual({ epoch: 'e', revision }), {
    timeout: 30_000,
  });
}

test('events cut anywhere, also inside a character, are put together', async () => {
  const bytes = Buffer.from(RESYNC + change('a', 1, { name: 'grün €' }) + synced(1));
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, n) =>
    bytes.subarray(n * 7, n * 7 + 7),
  );
  answers = [text(...pieces)];
  follower.follow(server.url);
  await untilRevision(1);
  expect(follower.replica.get('host', 'a')?.body).toEqual({ name: 'grün €' });
});

test('a connection that breaks before `synced` leaves the replica as it was', async () => {
  const cut: Answer = (_, response) =>
    void answerWithText(response, [change('a', 3, null), change('c', 4)]).then(() => response.destroy());
  answers = [text(`${COPY}event: cha`), text(synced(2))];
  follower.follow(server.url);
  await untilRevision(2);
  answers = [cut, cut, text(': quiet\n\n')];
  server.cutConnections();
  await vi.waitFor(() => expect(server.asked).toHaveLength(4), { timeout: 30_000 });
  expect(follower.replica.listIds('host')).toEqual(['a', 'b']);
  expect(server.asked.slice(1)).toEqual(['e:2', 'e:2', 'e:2']);
});

test('a full copy that breaks off keeps the old copy, and the next one holds nothing of it', async () => {
  const half: Answer = (_, response) =>
    void answerWithText(response, [
      RESYNC + Array.from({ length: 700 }, (_unused, n) => change(`x${n}`, n + 1)).join(''),
    ]).then(() => response.destroy());
  answers = [text(COPY), half, text(RESYNC + change('c', 9) + synced(9))];
  follower.follow(server.url);
  await untilRevision(2);
  server.cutConnections();
  await vi.waitFor(() => expect(server.asked.length).toBeGreaterThan(1), { timeout: 30_000 });
  expect(['a,b', 'c']).toContain(follower.replica.listIds('host').join());
  await untilRevision(9);
  expect(follower.replica.listIds('host')).toEqual(['c']);
});

test.each([
  ['no JSON', change('a', 3).replace('{', '')],
  ['another form', change('a', 3).replace('"kind"', '"kinds"')],
  ['an unknown event', `${change('a', 3)}event: surprise\ndata: {}\n\n`],
  ['a revision that was sent already', change('a', 2)],
  ['revisions out of order', change('a', 5) + change('b', 4)],
  ['a state older than its changes', change('a', 5) + synced(4)],
  ['an event id that does not fit', change('a', 3) + synced(3, 'e:4')],
  ['a full copy in the middle', change('a', 3) + RESYNC],
  ['bytes that are no text', Buffer.from(change('a', 3, { id: '\u00ff' }), 'latin1')],
  ['a field that does not exist', `${change('a', 3)}hello world\n\n`],
])('%s: the connection is dropped and retried, and nothing is applied', async (_, garbage) => {
  answers = [text(COPY), text(garbage, synced(7)), text(': quiet\n\n')];
  follower.follow(server.url);
  await untilRevision(2);
  server.cutConnections();
  await vi.waitFor(() => expect(server.asked).toEqual([null, 'e:2', 'e:2']), { timeout: 30_000 });
  expect(follower.replica.cursor()).toEqual({ epoch: 'e', revision: 2 });
  expect(follower.replica.get('host', 'a')).toMatchObject({ revision: 1 });
  expect(follower.applied).toHaveLength(1);
});

test('a stream that begins without a full copy although none was had is not understood', async () => {
  answers = [text(change('a', 1) + synced(1)), text(COPY)];
  follower.follow(server.url);
  await untilRevision(2);
  expect(follower.applied).toHaveLength(1);
});

test('an event without an end is given up at its largest size', async () => {
  const endless: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const block = Buffer.alloc(65_536, 0x61);
    const more = (): void => {
      while (response.write(block));
      response.once('drain', more);
    };
    response.write('data: ');
    more();
  };
  answers = [endless, text(COPY)];
  follower.follow(server.url);
  await untilRevision(2);
  expect(follower.states).toContainEqual(
    expect.objectContaining({ state: 'retrying', reason: expect.stringMatching(/max buffer/) }),
  );
  expect(FEED_LIMITS.eventCharsMax).toBe(8 * 1024 * 1024);
});

test('a stream without a byte is dead and replaced', async () => {
  answers = [
    text(COPY),
    text(change('c', 3) + synced(3), ...Array.from({ length: 200 }, () => ': beat\n\n')),
  ];
  follower.follow(server.url, { silenceMs: 2_000 });
  await untilRevision(3);
  expect(server.asked).toEqual([null, 'e:2']);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(server.asked).toHaveLength(2);
});

test.each([401, 403] as const)('%i is told as a refusal and retried slowly', async (code) => {
  answers = [status(code)];
  follower.follow(server.url);
  await vi.waitFor(() => expect(follower.states.at(-1)).toMatchObject({ state: 'refused', status: code }), {
    timeout: 30_000,
  });
  expect(follower.states.at(-1)).toMatchObject({ retryInMs: FEED_LIMITS.retryMaxMs / 2 });
});

test('waits grow from 100 ms to 10 s, half of each random, and start anew after success', async () => {
  answers = [status(500), status(500), status(500), text(COPY)];
  follower.follow(server.url, { random: () => 0.999_999 });
  await untilRevision(2);
  answers = [status(500), text(synced(2))];
  server.cutConnections();
  await vi.waitFor(
    () => expect(follower.states.filter(({ state }) => state === 'following')).toHaveLength(2),
    {
      timeout: 30_000,
    },
  );
  expect(follower.states.flatMap((state) => ('retryInMs' in state ? [state.retryInMs] : []))).toEqual([
    100, 200, 400, 100, 200,
  ]);
});

test('a cursor that the API cannot read leads to a full copy', async () => {
  answers = [text(COPY), status(422), text(RESYNC + change('c', 9) + synced(9))];
  follower.follow(server.url);
  await untilRevision(2);
  server.cutConnections();
  await untilRevision(9);
  expect(server.asked).toEqual([null, 'e:2', null]);
});

test('an answer that is a redirect or no event stream is not read', async () => {
  const redirect: Answer = (_, response) =>
    void response.writeHead(302, { location: `${server.url}?elsewhere` }).end();
  const html: Answer = (_, response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end(COPY);
  answers = [redirect, html, text(COPY)];
  follower.follow(server.url);
  await untilRevision(2);
  expect(server.requests.every((request) => !request.url?.includes('elsewhere'))).toBe(true);
  expect(server.asked).toHaveLength(3);
});

test('what onApplied throws ends the following', async () => {
  answers = [text(COPY)];
  follower.follow(server.url, {
    onApplied: () => {
      throw new Error('workers are gone');
    },
  });
  await expect(follower.done()).rejects.toThrow('workers are gone');
  follower.follow(server.url);
});
