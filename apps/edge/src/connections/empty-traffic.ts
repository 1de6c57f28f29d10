import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Member, Roster } from '../roster.ts';

/** Bytes of the wire that a byte of content pays for: of four bytes in a record of their own nothing is left over. */
const WIRE_BYTES_PER_CONTENT = 8;

interface EmptyTrafficOptions {
  /** Bytes without content that a connection may send at once, and per second after that. */
  readonly emptyBytesMax: number;
  readonly emptyBytesPerSecond: number;
  /** Hears of the address of each connection that is cut off. */
  readonly onFlood: (clientAddress: string) => void;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/** A connection after its handshake. */
interface Watched extends Member {
  readonly raw: Socket;
  readonly socket: TLSSocket;
  readonly clientAddress: string;
  /** Bytes of the wire that its content has not paid for, when it was looked at last. */
  unpaid: number;
  /** What has come of those, less what time has paid for. */
  level: number;
}

function unpaidBytes(raw: Socket, socket: TLSSocket): number {
  return raw.bytesRead - WIRE_BYTES_PER_CONTENT * socket.bytesRead;
}

/**
 * Cuts off connections that send TLS without content: OpenSSL answers each KeyUpdate of TLS 1.3 (27 bytes, some 50 us) and each attempt to
 * renegotiate by itself, without end, and nothing of it is heard of otherwise. Also of those that are refused and only linger.
 */
export class EmptyTraffic {
  readonly #options: EmptyTrafficOptions;
  readonly #watched = new Roster<Watched>();
  #lookedAt: number;

  constructor(options: EmptyTrafficOptions) {
    this.#options = options;
    this.#lookedAt = options.now();
  }

  /** Follows a connection from the end of its handshake until it closes. */
  watch(raw: Socket, socket: TLSSocket, clientAddress: string): void {
    const watched = { raw, socket, clientAddress, unpaid: unpaidBytes(raw, socket), level: 0, place: -1 };
    this.#watched.add(watched);
    raw.on('close', () => this.#watched.delete(watched));
  }

  /** Looks at all of them; to be called a few times a second. */
  look(): void {
    const { emptyBytesMax, emptyBytesPerSecond, onFlood, now } = this.#options;
    const at = now();
    // A flood that keeps this look from coming pays for nothing by that.
    const paid = Math.min(1, (at - this.#lookedAt) / 1000) * emptyBytesPerSecond;
    this.#lookedAt = at;
    this.#watched.forEach((watched) => {
      const { raw, socket, clientAddress } = watched;
      const unpaid = unpaidBytes(raw, socket);
      watched.level = Math.max(0, watched.level + unpaid - watched.unpaid - paid);
      watched.unpaid = unpaid;
      if (watched.level <= emptyBytesMax) return;
      this.#watched.delete(watched);
      onFlood(clientAddress);
      socket.destroy();
    });
  }
}
