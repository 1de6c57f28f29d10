import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Connection } from '../connection.ts';
import type { Exchange } from './exchange.ts';
import { createHttp1Server } from './h1-server.ts';
import { giveHeadBlock, takeHeadBlock } from './head-blocks.ts';
import { HTTP_LIMITS } from './http-limits.ts';

/** A client whose exchanges wait for an answer. */
class Client {
  readonly exchanges: Exchange[] = [];
  readonly #dones: (() => void)[] = [];
  readonly #socket = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() });

  constructor() {
    const server = createHttp1Server(
      () => (exchange, onDone) => {
        this.exchanges.push(exchange);
        this.#dones.push(onDone);
      },
      HTTP_LIMITS,
    );
    server.serve({ socket: this.#socket } as unknown as Connection);
  }

  async send(text: string): Promise<void> {
    this.#socket.push(text);
    for (let turns = 0; turns < 10; turns += 1) await turn();
  }

  /** Answers the request that waits. */
  async answer(): Promise<void> {
    this.exchanges.at(-1)?.respond(204, [], { hasBody: false, close: false });
    this.exchanges.at(-1)?.end([]);
    this.#dones.at(-1)?.();
    for (let turns = 0; turns < 10; turns += 1) await turn();
  }

  /** What the request that waits says now. */
  who(): readonly string[] | undefined {
    return this.exchanges.at(-1)?.fields.valuesOf('who');
  }
}

const requestOf = (who: string): string => `GET / HTTP/1.1\r\nHost: a\r\nWho: ${who}\r\n\r\n`;

test('a head stays as it was read until its answer is out, whatever others send meanwhile', async () => {
  const [first, second] = [new Client(), new Client()];
  for (let round = 0; round < 3; round += 1) {
    await first.send(requestOf('first'));
    await second.send(requestOf('other'));
    expect([first.who(), second.who()]).toEqual([['first'], ['other']]);
    await second.answer();
    await second.send(requestOf('again'));
    expect([first.who(), second.who()]).toEqual([['first'], ['again']]);
    for (const client of [first, second]) await client.answer();
  }
});

test('requests that came with another one stay as they were read as well', async () => {
  const [first, second] = [new Client(), new Client()];
  // As long as all that came at once.
  const [other, again] = ['other'.repeat(40), 'again'.repeat(40)];
  await first.send(requestOf('first') + requestOf('next1') + requestOf('next2').slice(0, -4));
  await first.answer();
  await second.send(requestOf(other));
  expect([first.who(), second.who()]).toEqual([['next1'], [other]]);
  await first.answer();
  await second.answer();
  await second.send(requestOf(again));
  await first.send('\r\n\r\n');
  expect([first.who(), second.who()]).toEqual([['next2'], [again]]);
});

test('a head in pieces, and one too long for a block, are read whole', async () => {
  const client = new Client();
  for (const who of ['x', 'y'.repeat(5_000)]) {
    const text = requestOf(who);
    for (const from of [0, 1, 2])
      await client.send(text.slice(from * 20, from === 2 ? undefined : from * 20 + 20));
    expect(client.who()).toEqual([who]);
    await client.answer();
  }
  await client.send(requestOf('z'.repeat(5_000)));
  expect(client.who()).toEqual(['z'.repeat(5_000)]);
});

test('a block that was given back is used for the next head', () => {
  const piece = Buffer.from('GET / HTTP/1.1');
  const block = takeHeadBlock(piece);
  expect(block?.copyOf(piece).toString()).toBe('GET / HTTP/1.1');
  if (block !== null) giveHeadBlock(block);
  expect(takeHeadBlock(piece)).toBe(block);
  expect(block?.copyOf(Buffer.from('PUT')).toString()).toBe('PUT');
  expect(takeHeadBlock(Buffer.alloc(100_000))).toBeNull();
});
