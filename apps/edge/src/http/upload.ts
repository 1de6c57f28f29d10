import { PosternError, type Upstream } from '@postern/contracts';
import type { UpstreamRequest } from '../upstream/attempt.ts';
import { settleOnce } from '../upstream/settle-once.ts';
import type { UpstreamCall } from '../upstream/upstreams.ts';
import type { AccessEntry } from './access-log.ts';
import { createBodyPace } from './body-pace.ts';
import type { Exchange } from './exchange.ts';
import { forwardedTrailers } from './forwarding-fields.ts';
import type { ClientPace } from './http-limits.ts';
import { pump } from './pump.ts';

/** A request body on its way to the upstream. */
export interface Upload {
  /** Rejects with the problem of a body that is too large, or of the side that is too slow; never resolves. */
  readonly failed: Promise<never>;
  /** The upstream asks for the body that it was promised (100). */
  askedFor(): void;
  /** The upstream has begun to answer: no more is demanded of the client, and each chunk is told to `onChunk`. */
  answered(onChunk: () => void): void;
  /** Lets go of both sides. True when the whole body had been sent. */
  stop(): boolean;
}

export interface UploadOptions {
  readonly exchange: Exchange;
  readonly call: UpstreamCall;
  readonly request: UpstreamRequest;
  readonly upstream: Upstream;
  readonly entry: AccessEntry;
  readonly pace: ClientPace;
}

/**
 * Sends the body, then the trailers. Until the upstream answers, the client must keep up the minimum rate whenever the upstream
 * would take more, and neither side may pause for longer than the service's idle time. gRPC streams may pause as they like.
 */
export function startUpload(options: UploadOptions): Upload {
  const { exchange, call, request, upstream, entry } = options;
  const failed = settleOnce<never>();
  const none = request.body.kind === 'none';
  let sent = none;
  let onChunk: (() => void) | undefined;
  const pace =
    none || request.grpc
      ? undefined
      : createBodyPace({
          bytesPerSecondMin: options.pace.bodyBytesPerSecondMin,
          graceMs: options.pace.bodyGraceMs,
          idleMs: upstream.idleBodyMs,
          onSlow: (who) => {
            failed.reject(tooSlow(who, options.pace.bodyBytesPerSecondMin, upstream.idleBodyMs));
          },
        });
  if (request.expectContinue) pace?.upstreamsTurn();
  else pace?.clientsTurn();
  const limit = upstream.maxBodyBytes ?? Number.POSITIVE_INFINITY;
  const body = none
    ? undefined
    : pump(exchange.body, call.writer, {
        onChunk(bytes) {
          entry.bytesIn += bytes;
          if (entry.bytesIn > limit) throw bodyTooLarge(limit);
          pace?.received(bytes);
          onChunk?.();
        },
        onFull: () => pace?.upstreamsTurn(),
        onRoom: () => pace?.clientsTurn(),
      });
  body?.finished.then(
    () => {
      sent = true;
      pace?.stop();
      call.finish(forwardedTrailers(exchange.trailers(), exchange.fields));
    },
    (error: unknown) => {
      // A broken-off pump is the client's or the upstream's end, and each of them is heard of in its own place.
      pace?.stop();
      if (error instanceof PosternError) failed.reject(error);
    },
  );
  return {
    failed: failed.promise,
    askedFor() {
      pace?.clientsTurn();
    },
    answered(listener) {
      pace?.stop();
      onChunk = listener;
    },
    stop() {
      pace?.stop();
      body?.stop();
      return sent;
    },
  };
}

/** The problem of a body over the service's bound. */
export function bodyTooLarge(limit: number): PosternError {
  return new PosternError('content_too_large', {
    detail: `The service takes request bodies of at most ${limit} bytes.`,
  });
}

function tooSlow(who: 'client' | 'upstream', bytesPerSecondMin: number, idleMs: number): PosternError {
  return who === 'upstream'
    ? new PosternError('upstream_timeout', { detail: 'The upstream stopped reading the request body.' })
    : new PosternError('request_timeout', {
        detail: `A request body must bring ${bytesPerSecondMin} bytes per second and pause for no longer than ${idleMs} ms.`,
      });
}
