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
