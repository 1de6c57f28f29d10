import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { endGently } from './end-gently.ts';

test('a peer that does not close is cut off', async () => {
  const socket = new Duplex({ read() {}, write() {}, final() {} });
  endGently(socket);
  expect(socket.destroyed).toBe(false);
  await once(socket, 'close');
});
