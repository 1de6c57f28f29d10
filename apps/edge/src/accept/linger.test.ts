import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { grownBy } from '../testing/grown-by.ts';
import { Lingerer } from './linger.ts';

let server: Server;
const peers: Socket[] = [];

beforeEach(async () => {
  server = createServer({ allowHalfOpen: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const peer of peers.splice(0)) peer.destroy();
  server.close();
});

/** Both ends of a connection whose peer never closes by itself. */
async function accept(): Promise<{ socket: Socket; peer: Socket; received: Buffer[] }> {
  const accepted = once(server, 'connection');
  const { port } = server.address() as AddressInfo;
  const peer = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  peers.push(peer);
  peer.on('error', () => {});
  const received: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => received.push(chunk));
  const [socket] = (await accepted) as [Socket];
  socket.on('error', () => {});
  return { socket, peer, received };
}

test('a peer that never closes is cut off when the time is over, however much it sends', async () => {
  const { socket, peer, received } = await accept();
  const sending = setInterval(() => peer.write('more'), 10);
  const closed = once(socket, 'close');
  new Lingerer({ lingerMs: 3_000, lingeringMax: 1 }).end(socket, Buffer.from('alert'));
  await once(peer, 'end');
  expect(Buffer.concat(received).toString()).toBe('alert');
  expect(socket.destroyed).toBe(false);
  await closed;
  clearInterval(sending);
});

test('a peer that closes is let go of at once', async () => {
  const { socket, peer } = await accept();
  new Lingerer({ lingerMs: 60_000, lingeringMax: 1 }).end(socket);
  const closed = once(socket, 'close');
  peer.end();
  await closed;
});

test('more than so many do not linger, until others have gone', async () => {
  const lingerer = new Lingerer({ lingerMs: 60_000, lingeringMax: 2 });
  const [first, second, third, fourth] = [await accept(), await accept(), await accept(), await accept()];
  lingerer.end(first.socket);
  // Who is ended again is the same one.
  lingerer.end(first.socket);
  lingerer.end(second.socket);
  lingerer.end(third.socket);
  expect([first, second, third].map(({ socket }) => socket.destroyed)).toEqual([false, false, true]);
  const closed = once(first.socket, 'close');
  first.peer.end();
  await closed;
  lingerer.end(fourth.socket);
  await sleep(20);
  expect(fourth.socket.destroyed).toBe(false);
});

test('what waits for a handshake to fail leaves nothing behind that young collections cannot take', () => {
  const lingerer = new Lingerer({ lingerMs: 60_000, lingeringMax: 1 });
  const grown = grownBy(() => {
    const raw = { destroy() {}, kept: new Array(4_000).fill(0) };
    lingerer.catchHandshakeFailure(raw as unknown as Socket, () => raw.kept.pop())();
  }, 200);
  // 32,000 with a socket that hangs on it.
  expect(grown).toBeLessThan(10_000);
});
