import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Deadline } from './deadlines.ts';

test('whose bytes have come in time is not late because this process did not run', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[socket]] = (await Promise.all([once(server, 'connection'), once(peer, 'connect')])) as [
    [Socket],
    unknown,
  ];
  let isLate = false;
  const deadline = new Deadline(200, () => {
    isLate = true;
  });
  const came = new Promise((resolve) => socket.once('data', resolve));
  void came.then(() => deadline.cancel());
  peer.write('in time');
  // The whole process stands still.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  await came;
  expect(isLate).toBe(false);
  for (const one of [peer, socket]) one.destroy();
  server.close();
});
