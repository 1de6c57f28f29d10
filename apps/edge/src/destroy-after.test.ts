import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { destroyAfter } from './destroy-after.ts';
import { keptBy } from './testing/kept-by.ts';

test('a socket that does not close is cut off', async () => {
  const socket = new Duplex({ read() {}, write() {}, final() {} });
  destroyAfter(socket, 50);
  expect(socket.destroyed).toBe(false);
  await once(socket, 'close');
});

test('a socket that is gone is not kept until it would have been cut off', () => {
  const kept = keptBy(() => {
    for (let number = 0; number < 1_000; number += 1) {
      const gone = (_: string, listener: () => void) => listener();
      const socket = { once: gone, hangsOnIt: new Array(1_000).fill(number) };
      destroyAfter(socket as unknown as Duplex, 60_000);
    }
  });
  expect(kept).toBeLessThan(1_000_000);
});
