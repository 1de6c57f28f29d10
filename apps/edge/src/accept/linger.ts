import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Member, Roster } from '../roster.ts';

interface LingerOptions {
  /** Milliseconds until a peer that does not close is cut off. */
  readonly lingerMs: number;
  /** Sockets that may linger at once; more are destroyed at once. */
  readonly lingeringMax: number;
}

/**
 * Ends refused sockets so that the peer reads why: what was written goes out with a FIN, everything the peer still sends
 * is discarded until it closes or the time is over. Closing at once would send a reset that overtakes the alert.
 */
export class Lingerer {
  readonly #options: LingerOptions;
  readonly #lingering = new Roster<Member>();

  constructor(options: LingerOptions) {
    this.#options = options;
  }

  /** Ends a socket after `lastBytes`; works on a raw socket and, for a close_notify, on a TLS socket. */
  end(socket: Socket, lastBytes?: Buffer): void {
    if (socket.destroyed || socket.listeners('data').includes(discard)) return;
    if (this.#lingering.size >= this.#options.lingeringMax) {
      socket.destroy();
      return;
    }
    const lingering = { place: -1 };
    this.#lingering.add(lingering);
    const timer = setTimeout(() => socket.destroy(), this.#options.lingerMs);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#lingering.delete(lingering);
    });
    socket.on('data', discard);
    socket.resume();
    if (lastBytes === undefined) socket.end();
    else socket.end(lastBytes);
  }

  /**
   * Makes the failure of a handshake linger too. Node destroys the raw socket as soon as OpenSSL has failed, with the alert
   * just written; this catches that one destroy, takes TLS off the socket and ends the raw socket instead.
   * Gives back the way to stop catching, to be called when the handshake is done.
   */
  catchHandshakeFailure(raw: Socket, detachTls: () => void): () => void {
    const destroy = raw.destroy;
    const restore = () => {
      raw.destroy = destroy;
    };
    // Not assigned as it stands: V8 makes a function literal old at once that is, and with it all that it knows of the connection.
    const caught = (error?: Error) => {
      restore();
      if (error !== undefined || raw.readableEnded || raw.errored !== null) return raw.destroy(error);
      detachTls();
      this.end(raw);
      return raw;
    };
    raw.destroy = caught;
    return restore;
  }
}

function discard(): void {}

/** Ends an established TLS socket with a close_notify. */
export function endSecure(lingerer: Lingerer, socket: TLSSocket): void {
  lingerer.end(socket);
}
