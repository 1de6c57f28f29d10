import { connect as connectHttp2 } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { type Offer, offerTls } from './tls-client.ts';

const TIMEOUT_MS = 60_000;

/** A connection that is asked again and again, over HTTP/1.1 or HTTP/2, until the edge ends it. */
export interface KeptConnection extends Disposable {
  /** Sends a GET of a path; resolves with the answer or the end of the connection, whatever they are. */
  ask(path: string): Promise<void>;
  readonly isOpen: boolean;
}

/** Opens one; its first `ask` finds out whether it is let in. */
export function keepConnection(offer: Offer, authority: string): KeptConnection {
  const socket = offerTls(offer);
  const send = offer.protocol === 'h2' ? http2Sender(socket, authority) : http1Sender(socket, authority);
  return {
    async ask(path) {
      if (socket.destroyed) return;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, fail) => {
        timer = setTimeout(() => fail(new Error(`${authority} neither answers nor closes`)), TIMEOUT_MS);
      });
      const closed = new Promise<void>((done) => socket.once('close', () => done()));
      await Promise.race([send(path), closed, late]).finally(() => clearTimeout(timer));
    },
    get isOpen() {
      return !socket.destroyed && !socket.readableEnded && socket.writable;
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function http1Sender(socket: TLSSocket, authority: string): (path: string) => Promise<void> {
  socket.resume();
  return (path) =>
    new Promise((done) => {
      socket.once('data', () => done());
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    });
}

function http2Sender(socket: TLSSocket, authority: string): (path: string) => Promise<void> {
  const session = connectHttp2(`https://${authority}`, { createConnection: () => socket });
  session.on('error', () => {});
  return (path) =>
    new Promise((done) => {
      if (session.closed || session.destroyed) {
        done();
        return;
      }
      const stream = session.request({ ':path': path, ':authority': authority });
      stream.on('error', () => {});
      stream.once('close', () => done());
      stream.resume();
    });
}
