import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { sentBytes } from '../sent-bytes.ts';
import { directWriter, writeAtOnce } from './write-at-once.ts';

/** More than the system holds for a peer that does not read. */
const MUCH = Buffer.alloc(32 * 1024 * 1024, 'much');

/** Both ends of a connection; neither reads yet. */
async function pairOf(): Promise<{ socket: Socket; peer: Socket }> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [
    [Socket],
    unknown,
  ];
  server.close();
  onTestFinished(() => {
    socket.destroy();
    peer.destroy();
  });
  return { socket, peer };
}

test('what the system takes is gone at once, and counted as sent', async () => {
  const { socket, peer } = await pairOf();
  const before = sentBytes(socket);
  expect(writeAtOnce(socket, Buffer.from('head'))).toBe('taken');
  expect(sentBytes(socket) - before).toBe(4);
  expect(socket.writableLength).toBe(0);
  socket.end('body');
  expect(String(await buffer(peer))).toBe('headbody');
});

test('what waits for the system goes out whole, in front of all that is written later, and the end waits for it', async () => {
  const { socket, peer } = await pairOf();
  expect(writeAtOnce(socket, MUCH)).toBe('waiting');
  expect(writeAtOnce(socket, Buffer.from('second'))).toBe('waiting');
  socket.end('third');
  const received = await buffer(peer);
  expect(received.subarray(0, MUCH.length).equals(MUCH)).toBe(true);
  expect(String(received.subarray(MUCH.length))).toBe('secondthird');
});

test.each(['taken', 'waiting'] as const)(
  'a connection that is reset ends with the error of its write (before: %s)',
  async (outcome) => {
    const { socket, peer } = await pairOf();
    let error: unknown;
    socket.on('error', (thrown) => {
      error = thrown;
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    expect(writeAtOnce(socket, outcome === 'taken' ? Buffer.from('head') : MUCH)).toBe(outcome);
    peer.resetAndDestroy();
    while (!socket.destroyed) {
      // Nobody reads: of the reset only a write can tell.
      if (outcome === 'taken') writeAtOnce(socket, Buffer.from('head'));
      await turn();
    }
    await closed;
    expect(error).toMatchObject({
      syscall: 'write',
      code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/),
      errno: expect.any(Number),
    });
  },
);

test('nothing is done where bytes wait in the stream, or it takes none', async () => {
  const bytes = Buffer.from('overtaking');
  const { socket: corked, peer } = await pairOf();
  corked.cork();
  corked.write('first ');
  expect(writeAtOnce(corked, bytes)).toBe('refused');
  corked.uncork();
  corked.write(MUCH);
  expect(writeAtOnce(corked, bytes)).toBe('refused');
  corked.end();
  expect(writeAtOnce(corked, bytes)).toBe('refused');
  expect((await buffer(peer)).includes(bytes)).toBe(false);

  const { socket: ended } = await pairOf();
  ended.end();
  await once(ended, 'finish');
  expect(writeAtOnce(ended, bytes)).toBe('refused');
  expect(ended.destroyed).toBe(false);

  const { socket: destroyed } = await pairOf();
  destroyed.destroy();
  expect(writeAtOnce(destroyed, bytes)).toBe('refused');
  expect(writeAtOnce(new Socket(), bytes)).toBe('refused');
  const connecting = connect(1, '127.0.0.1').on('error', () => {});
  expect(writeAtOnce(connecting, bytes)).toBe('refused');
  connecting.destroy();
});

test('TLS, and what is no socket of the system, are left to the stream', async () => {
  const { socket } = await pairOf();
  const secure = new TLSSocket(socket);
  expect(writeAtOnce(secure, Buffer.from('plain'))).toBe('refused');
  secure.destroy();
  expect(writeAtOnce(Duplex.from([]), Buffer.from('plain'))).toBe('refused');
});

test.each([
  ['without it', undefined],
  ['that gives nothing', () => ({})],
  [
    'that refuses',
    () => {
      throw new Error('No such binding');
    },
  ],
])('a Node %s writes by its streams alone', async (_what, binding) => {
  const { socket } = await pairOf();
  expect(directWriter(binding)(socket, Buffer.from('head'))).toBe('refused');
  expect(sentBytes(socket)).toBe(0);
});
