import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Deadline } from './deadlines.ts';
import { createAddressGuard } from './upstream/address-guard.ts';
import { openSocket } from './upstream/open-socket.ts';

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

test('a service that was reached in time is not late because this process did not run', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const opening = openSocket({
    target: { protocol: 'http', host: '127.0.0.1', port },
    ...{ secureContext: null, protocols: [], connectMs: 200 },
    guard: createAddressGuard({ ownListeners: () => [] }),
  });
  // Node calls the kernel in the next tick.
  await new Promise(process.nextTick);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  const socket = await opening;
  expect(socket.remotePort).toBe(port);
  socket.destroy();
  server.close();
});
