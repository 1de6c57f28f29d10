import { constants, type ServerHttp2Stream } from 'node:http2';
import { NO_BODY } from '../upstream/body.ts';
import { type Field, fieldsOfRaw, ListedFields } from '../upstream/fields.ts';
import { objectOf } from '../upstream/h2-attempt.ts';
import { bodyOfStream, writerOfStream } from '../upstream/h2-body.ts';
import { resetStream } from '../upstream/reset-stream.ts';
import type { Exchange } from './exchange.ts';
import { newRequestId } from './request-id.ts';
import { responseFields } from './response-fields.ts';

export interface Http2ExchangeOptions {
  readonly stream: ServerHttp2Stream;
  /** The head as a flat list, pseudo-header fields first. */
  readonly raw: readonly string[];
  /** Ends the session: GOAWAY. */
  readonly dismissSession: () => void;
}

/** Makes the common form of one HTTP/2 stream. */
export function createHttp2Exchange({ stream, raw, dismissSession }: Http2ExchangeOptions): Exchange {
  const method = pseudo(raw, ':method') ?? '';
  const hasBody = !stream.endAfterHeaders;
  let trailersIn: Field[] = [];
  let trailersOut: readonly Field[] = [];
  stream.on('trailers', (_headers, _flags, rawTrailers: unknown) => {
    trailersIn = fieldsOfRaw(Array.isArray(rawTrailers) ? rawTrailers.map(String) : []);
  });
  let ended = false;
  stream.on('wantTrailers', () => {
    stream.sendTrailers(objectOf(trailersOut));
  });
  // A stream that fails is closed, and 'close' is what everybody here waits for.
  stream.on('error', () => undefined);
  const exchange: Exchange = {
    id: newRequestId(),
    protocol: 'HTTP/2',
    method,
    target: pseudo(raw, ':path') ?? '',
    authority: pseudo(raw, ':authority') ?? null,
    scheme: pseudo(raw, ':scheme') ?? null,
    fields: new ListedFields(fieldsOfRaw(raw)),
    http1Head: null,
    fault: null,
    hasBody,
    body: hasBody ? bodyOfStream(stream, () => !stream.aborted) : NO_BODY,
    trailers: () => trailersIn,
    upgrade: null,
    // Not `writableEnded`: Node ends the writable side of HEAD streams before anybody has answered.
    isOpen: () => !stream.destroyed && !stream.closed && !ended,
    onAborted(listener) {
      stream.once('close', () => {
        if (!ended || stream.rstCode !== constants.NGHTTP2_NO_ERROR) listener();
      });
    },
    inform(status, fields) {
      if (stream.headersSent || stream.destroyed || stream.closed) return;
      stream.additionalHeaders({ ':status': status, ...objectOf(fields) });
    },
    respond(status, fields, { hasBody: answers }) {
      const head = [':status', String(status)];
      for (const [name, value] of fields) head.push(name.toLowerCase(), value);
      // Node ends a stream before it resets it; waiting for trailers, the end can not go out before the reset.
      stream.respond(head as never, { endStream: !answers, waitForTrailers: answers });
      return writerOfStream(stream);
    },
    relay(response, decided, answers) {
      return exchange.respond(response.status, responseFields(response, decided), {
        hasBody: answers,
        close: false,
      });
    },
    end(trailers) {
      ended = true;
      trailersOut = trailers;
      stream.end();
      // The answer is whole; what the client still sends is not wanted (RFC 9113 section 8.1).
      if (hasBody && !stream.readableEnded) {
        stream.once('finish', () => {
          if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
        });
      }
    },
    abort() {
      resetStream(stream, constants.NGHTTP2_INTERNAL_ERROR);
    },
    dismiss() {
      resetStream(stream, constants.NGHTTP2_REFUSED_STREAM);
      dismissSession();
    },
  };
  return exchange;
}

function pseudo(raw: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < raw.length; index += 2) if (raw[index] === name) return raw[index + 1];
  return undefined;
}
