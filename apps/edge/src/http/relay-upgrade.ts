import type { Duplex } from 'node:stream';
import type { UpgradedUpstream } from '../upstream/attempt.ts';
import type { UpgradeRequest } from './exchange.ts';

/**
 * Passes bytes both ways until both sides are closed; the end of one side is the end of the other.
 * Resolves with the bytes that went each way.
 */
export async function relayUpgrade(
  client: UpgradeRequest,
  upstream: UpgradedUpstream,
): Promise<{ bytesIn: number; bytesOut: number }> {
  const held = client.takeHeld();
  let bytesIn = held.length;
  let bytesOut = upstream.head.length;
  if (upstream.head.length > 0) client.socket.write(upstream.head);
  if (held.length > 0) upstream.socket.write(held);
  client.socket.on('data', (chunk: Buffer) => {
    bytesIn += chunk.length;
  });
  upstream.socket.on('data', (chunk: Buffer) => {
    bytesOut += chunk.length;
  });
  client.socket.pipe(upstream.socket);
  upstream.socket.pipe(client.socket);
  await Promise.all([closing(client.socket, upstream.socket), closing(upstream.socket, client.socket)]);
  return { bytesIn, bytesOut };
}

function closing(socket: Duplex, other: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      other.destroy();
      resolve();
    };
    if (socket.destroyed) {
      done();
      return;
    }
    // An error is followed by 'close'.
    socket.on('error', () => undefined);
    socket.once('close', done);
  });
}
