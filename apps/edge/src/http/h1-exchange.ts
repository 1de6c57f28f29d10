import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Field, fieldsOfRaw, rawOfFields } from '../upstream/fields.ts';
import type { Exchange } from './exchange.ts';
import { HTTP_LIMITS } from './http-limits.ts';
import { newRequestId } from './request-id.ts';

export interface Http1ExchangeOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Duplex;
  /** Set when the parser has left the socket because the client asked for an upgrade. */
  readonly upgradeHead: Buffer | null;
  /** Whether the connection ends after this answer for reasons of its own (draining). */
  readonly mustClose: () => boolean;
}

const PROTOCOLS: Readonly<Record<string, Exchange['protocol']>> = {
  '0.9': 'HTTP/0.9',
  '1.0': 'HTTP/1.0',
  '1.1': 'HTTP/1.1',
};

/** Makes the common form of one node:http request. */
export function createHttp1Exchange(options: Http1ExchangeOptions): Exchange {
  const { request, response, socket, upgradeHead } = options;
  const fields = fieldsOfRaw(request.rawHeaders);
  const protocol = PROTOCOLS[request.httpVersion] ?? 'HTTP/0.9';
  // RFC 9112 section 6.3: a request has a body if, and only if, one of the framing fields says so.
  const hasBody = upgradeHead === null && fields.some(isFraming);
  const exchange: Exchange = {
    id: newRequestId(),
    protocol,
    method: request.method ?? '',
    target: request.url ?? '',
    authority: null,
    scheme: null,
    fields,
    hasBody,
    body: request,
    trailers: () => fieldsOfRaw(request.rawTrailers),
    upgrade:
      upgradeHead === null
        ? null
        : {
            socket,
            takeHeld: holdBack(socket, upgradeHead),
            accept(answer) {
              response.detachSocket(socket as never);
              const lines = answer.map(([name, value]) => `${name}: ${value}\r\n`).join('');
              socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`, 'latin1');
            },
          },
    isOpen: () => !response.destroyed && !response.writableEnded && !socket.destroyed,
    onAborted(listener) {
      response.once('close', () => {
        if (!response.writableFinished) listener();
      });
    },
    inform(status, informed) {
      if (response.headersSent || protocol !== 'HTTP/1.1' || socket.destroyed) return;
      if (status === 100) response.writeContinue();
      else {
        // Requests of a connection are served one at a time, so nothing else is being written now.
        const lines = informed.map(([name, value]) => `${name}: ${value}\r\n`).join('');
        socket.write(`HTTP/1.1 ${status} Informational\r\n${lines}\r\n`, 'latin1');
      }
    },
    respond(status, answer, { close }) {
      const unread = hasBody && !request.complete && !smallRest(request, fields);
      // Node closes for itself on HTTP/1.0; said out loud, so that a client that asked for keep-alive does not wait.
      const closing =
        close || protocol !== 'HTTP/1.1' || upgradeHead !== null || options.mustClose() || unread;
      response.writeHead(status, rawOfFields(closing ? [...answer, ['Connection', 'close']] : answer));
      // What the body brings in the same turn shares a write, and so a TLS record, with the head.
      socket.cork();
      // Not flushHeaders(): it writes the head as UTF-8, and values are bytes read as Latin-1.
      response.write('', 'latin1');
      setImmediate(uncork, socket);
      return response;
    },
    end(trailers) {
      if (response.chunkedEncoding && trailers.length > 0) {
        response.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
      }
      if (request.complete || !hasBody) {
        response.end();
        return;
      }
      drain(request, () => {
        // Who still sends a body that nobody wants has no place in the next request's time.
        response.end(() => {
          if (!request.complete) exchange.dismiss();
        });
      });
    },
    abort() {
      socket.destroy();
    },
    dismiss() {
      socket.end();
      setTimeout(() => socket.destroy(), HTTP_LIMITS.drainMs).unref();
    },
  };
  return exchange;
}

function uncork(socket: Duplex): void {
  socket.uncork();
}

function isFraming([name, value]: Field): boolean {
  const lower = name.toLowerCase();
  return lower === 'transfer-encoding' || (lower === 'content-length' && value !== '0');
}

/** Keeps what comes before it may be passed on; reads on, so that the end of the client is noticed, until the bound is reached. */
function holdBack(socket: Duplex, head: Buffer): () => Buffer {
  const held = [head];
  let bytes = head.length;
  const keep = (chunk: Buffer): void => {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes >= HTTP_LIMITS.heldBytesMax) socket.pause();
  };
  const leave = (): void => {
    socket.destroy();
  };
  socket.on('data', keep);
  socket.once('end', leave);
  return () => {
    socket.off('data', keep);
    socket.off('end', leave);
    socket.pause();
    return Buffer.concat(held);
  };
}

/** Whether what is still to come of a body is known to be small enough to read away. */
function smallRest(request: IncomingMessage, fields: readonly Field[]): boolean {
  if (fields.some(([name]) => name.toLowerCase() === 'expect')) return false;
  const length = fields.find(([name]) => name.toLowerCase() === 'content-length')?.[1];
  return !request.destroyed && length !== undefined && Number(length) <= HTTP_LIMITS.drainBytesMax;
}

/**
 * Reads a body away before the response is finished, because finishing it closes the connection where the rest is large, and
 * closing with unread bytes resets the connection and can destroy the answer on its way. Ends after HTTP_LIMITS.drainMs at the latest.
 */
function drain(request: IncomingMessage, done: () => void): void {
  const timer = setTimeout(finish, HTTP_LIMITS.drainMs);
  function finish(): void {
    clearTimeout(timer);
    request.off('end', finish);
    request.off('close', finish);
    done();
  }
  request.once('end', finish);
  request.once('close', finish);
  request.resume();
}
