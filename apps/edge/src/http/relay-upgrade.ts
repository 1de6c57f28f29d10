import type { Duplex } from 'node:stream';
import { Roster } from '../roster.ts';
import type { UpgradedUpstream } from '../upstream/attempt.ts';
import { endGently } from './end-gently.ts';
import type { UpgradeRequest } from './exchange.ts';
import { HTTP_LIMITS } from './http-limits.ts';

/** What went each way. */
interface RelayedBytes {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** One connection that has left HTTP, and its service's. */
class UpgradeRelay {
  place = -1;
  readonly sockets: readonly Duplex[];
  readonly relayed: Promise<RelayedBytes>;

  constructor(client: UpgradeRequest, upstream: UpgradedUpstream, relays: Roster<UpgradeRelay>) {
    this.sockets = [client.socket, upstream.socket];
    this.relayed = relayBytes(client, upstream).finally(() => relays.delete(this));
  }
}

/** The connections of a worker that have left HTTP. */
export class UpgradeRelays {
  readonly #relays = new Roster<UpgradeRelay>();

  /**
   * Passes bytes both ways until both sides are closed; the end of one side is the end of the other, once that has taken what was
   * sent to it (HTTP_LIMITS.idleMs at most). Resolves with the bytes that went each way.
   */
  relay(client: UpgradeRequest, upstream: UpgradedUpstream): Promise<RelayedBytes> {
    const relay = new UpgradeRelay(client, upstream, this.#relays);
    this.#relays.add(relay);
    return relay.relayed;
  }

  /** Ends all of them, also where a service does not hang up; resolves when each has been heard of. */
  async cut(): Promise<void> {
    const cut = [...this.#relays];
    for (const { sockets } of cut) for (const socket of sockets) socket.destroy();
    await Promise.all(cut.map(({ relayed }) => relayed));
  }
}

async function relayBytes(client: UpgradeRequest, upstream: UpgradedUpstream): Promise<RelayedBytes> {
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
      if (socket.errored === null) endWhenTaken(other);
      else other.destroy();
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

/** The last messages may still wait for a slow reader. */
function endWhenTaken(socket: Duplex): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), HTTP_LIMITS.idleMs).unref();
  socket.once('close', () => clearTimeout(timer));
  socket.end(() => endGently(socket));
  socket.resume();
}
