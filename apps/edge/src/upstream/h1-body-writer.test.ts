import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Http1BodyWriter } from './h1-body-writer.ts';

test.each([
  ['more than its Content-Length', 'length', 'hello!'],
  ['less than its Content-Length', 'length', 'hell'],
  ['bytes where the head says that there are none', 'none', 'x'],
] as const)(
  'a body that brings %s ends the connection, and nothing of it stands behind the message',
  async (_what, framing, body) => {
    let written = '';
    const socket = new Duplex({
      read: () => undefined,
      write(chunk, _encoding, callback) {
        written += String(chunk);
        callback();
      },
    });
    const writer = new Http1BodyWriter(socket, framing, 5, Buffer.from('head '));
    writer.flush();
    writer.write(Buffer.from(body));
    await turn();
    writer.end([]);
    await turn();
    expect(socket.destroyed).toBe(true);
    expect('head hello').toContain(written);
  },
);

test('a body that comes byte by byte waits in one block for a service that takes nothing', async () => {
  const writes: string[] = [];
  let take: () => void = () => {};
  const socket = new Duplex({
    read: () => undefined,
    write(chunk, _encoding, callback) {
      writes.push(String(chunk));
      take = callback;
    },
  });
  const writer = new Http1BodyWriter(socket, 'length', 200, Buffer.from('head '));
  writer.flush();
  for (let at = 0; at < 200; at += 1) {
    writer.write(Buffer.from(String(at % 10)));
    await turn();
  }
  // Each taken before the next: what waits in the socket is written one by one.
  for (let taken = 0; taken < 3; taken += 1) {
    take();
    await turn();
  }
  expect(writes).toEqual(['head ', '0', '1234567890'.repeat(20).slice(0, 199)]);
  socket.destroy();
});
