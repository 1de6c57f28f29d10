import type { Socket } from 'node:net';
import { BodyReader, fieldId, ResponseHead } from '@postern/http1';
import type { Pieces } from './read-pieces.ts';

/** Milliseconds an idle connection is kept: below the 5 s after which common servers (Node) close theirs. */
export const IDLE_CONNECTION_MS = 4_000;
/** Milliseconds by which a connection is given up before the time that its server names for it. */
const HINT_MARGIN_MS = 1_000;
const KEEP_ALIVE = fieldId('keep-alive');

/** What uses a connection at present. */
export interface ConnectionUser {
  /** The bytes are the connection's again when it returns. */
  onPiece(piece: Buffer): void;
  /** Data of a body, of those bytes. */
  onBody(data: Buffer): void;
  /** There is room again for what is written. */
  onRoom(): void;
  /** The other side sends no more. */
  onEnd(): void;
  onClose(error: Error | null): void;
}

/**
 * One HTTP/1.1 connection to a target, its reader for heads and bodies with it. It has one user at a time; without one,
 * bytes that nobody asked for end it.
 */
export class Http1Connection {
  readonly socket: Socket;
  readonly head = new ResponseHead();
  readonly reader = new BodyReader();
  /** Who takes the data of the body, which may be read when the connection is closed and has no user any more. */
  bodyTaker: ConnectionUser | null = null;
  /** Passes on the data of bodies: one for all of them. */
  readonly bodySink = (data: Buffer): void => this.bodyTaker?.onBody(data);
  /** Whom it is connected to. */
  readonly address: string;
  user: ConnectionUser | null = null;
  /** Until when it may be used again, in milliseconds of performance.now(); set when it becomes idle. */
  idleUntil = 0;
  #error: Error | null = null;
  #isPaused = false;
  #isTelling = false;
  /** What the server said last of its patience: it says the same with each answer. */
  #hint = '';
  #hintMs = IDLE_CONNECTION_MS;

  /** `pieces` brings what is read where the socket gives no `data` events; `onClose` is called once. */
  constructor(socket: Socket, pieces: Pieces | null, onClose: (connection: Http1Connection) => void) {
    this.socket = socket;
    this.address = socket.remoteAddress ?? '';
    if (pieces === null) socket.on('data', this.#onData);
    else {
      pieces.listen(this.#onPiece);
      // Without it nobody would hear of the end.
      socket.resume();
    }
    socket.on('drain', this.#onDrain);
    socket.on('end', this.#onEnd);
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.once('close', () => {
      onClose(this);
      const { user } = this;
      this.user = null;
      user?.onClose(this.#error);
    });
  }

  /** Asks for a pause; what was on its way may still come. */
  pause(): void {
    this.#isPaused = true;
    // While a piece is told of, its end says so, which spares the turns of a stream.
    if (!this.#isTelling) this.socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isTelling) this.socket.resume();
  }

  readonly #onPiece = (piece: Buffer): boolean => {
    this.#isTelling = true;
    this.#onData(piece);
    this.#isTelling = false;
    return !this.#isPaused;
  };

  readonly #onData = (piece: Buffer): void => {
    if (this.user === null) this.socket.destroy();
    else this.user.onPiece(piece);
  };

  readonly #onDrain = (): void => {
    this.user?.onRoom();
  };

  readonly #onEnd = (): void => {
    if (this.user === null) this.socket.destroy();
    else this.user.onEnd();
  };

  /** Lets go of the socket, paused: it carries another protocol from here on. */
  handOver(): Socket {
    const { socket } = this;
    this.user = null;
    socket.off('data', this.#onData);
    socket.off('drain', this.#onDrain);
    socket.off('end', this.#onEnd);
    socket.pause();
    return socket;
  }

  /** Milliseconds that it may be idle after the answer whose head is there: what the server says, IDLE_CONNECTION_MS at most. */
  idleMs(): number {
    const { fields } = this.head;
    const index = fields.find(KEEP_ALIVE);
    if (index === -1) return IDLE_CONNECTION_MS;
    const hint = fields.valueAt(index, this.#hint);
    if (hint !== this.#hint) {
      this.#hint = hint;
      const seconds = /(?:^|[,;\s])timeout=(\d{1,6})/i.exec(hint)?.[1];
      this.#hintMs = seconds === undefined ? IDLE_CONNECTION_MS : Number(seconds) * 1_000 - HINT_MARGIN_MS;
    }
    return Math.min(IDLE_CONNECTION_MS, this.#hintMs);
  }
}
