import { PosternError, type Upstream } from '@postern/contracts/plain';
import type { UpstreamRequest } from '../upstream/attempt.ts';
import type { UpstreamCall } from '../upstream/upstream-call.ts';
import type { AccessEntry } from './access-line.ts';
import { BodyPace } from './body-pace.ts';
import type { Exchange } from './exchange.ts';
import { forwardedTrailers } from './forwarding-fields.ts';
import type { ClientPace } from './http-limits.ts';
import { Pump, type PumpListener } from './pump.ts';

export interface UploadOptions {
  readonly exchange: Exchange;
  readonly call: UpstreamCall;
  readonly request: UpstreamRequest;
  readonly upstream: Upstream;
  readonly entry: AccessEntry;
  readonly pace: ClientPace;
  /** Hears of the problem of a body that is too large, or of the side that is too slow. */
  readonly onFailed: (problem: PosternError) => void;
}

/**
 * A request body on its way to the upstream, and its trailers behind it. Until the upstream answers, the client must keep up the
 * minimum rate whenever the upstream would take more, and neither side may pause for longer than the service's idle time. gRPC streams
 * may pause as they like.
 */
export class Upload implements PumpListener {
  readonly #options: UploadOptions;
  readonly #pump: Pump;
  readonly #pace: BodyPace | undefined;
  readonly #limit: number;
  #isSent = false;
  #onChunk: (() => void) | undefined;

  constructor(options: UploadOptions) {
    const { exchange, call, request, upstream, pace, onFailed } = options;
    this.#options = options;
    this.#pump = new Pump(exchange.body, call.writer, this);
    this.#limit = upstream.maxBodyBytes ?? Number.POSITIVE_INFINITY;
    if (!request.grpc) {
      this.#pace = new BodyPace({
        bytesPerSecondMin: pace.bodyBytesPerSecondMin,
        graceMs: pace.bodyGraceMs,
        idleMs: upstream.idleBodyMs,
        onSlow: (who) => onFailed(tooSlow(who, pace.bodyBytesPerSecondMin, upstream.idleBodyMs)),
      });
    }
  }

  start(): void {
    if (this.#options.request.expectContinue) this.#pace?.upstreamsTurn();
    else this.#pace?.clientsTurn();
    this.#pump.start();
  }

  /** The upstream asks for the body that it was promised (100). */
  askedFor(): void {
    this.#pace?.clientsTurn();
  }

  /** The upstream has begun to answer: no more is demanded of the client, and each chunk is told to `onChunk`. */
  answered(onChunk: () => void): void {
    this.#pace?.stop();
    this.#onChunk = onChunk;
  }

  /** Lets go of both sides. True when the whole body had been sent. */
  stop(): boolean {
    this.#pace?.stop();
    this.#pump.stop();
    return this.#isSent;
  }

  onChunk(bytes: number): boolean {
    const { entry, onFailed } = this.#options;
    entry.bytesIn += bytes;
    if (entry.bytesIn > this.#limit) {
      this.stop();
      onFailed(bodyTooLarge(this.#limit));
      return false;
    }
    this.#pace?.received(bytes);
    this.#onChunk?.();
    return true;
  }

  onFull(): void {
    this.#pace?.upstreamsTurn();
  }

  onRoom(): void {
    this.#pace?.clientsTurn();
  }

  onEnd(): void {
    const { call, exchange } = this.#options;
    this.#isSent = true;
    this.#pace?.stop();
    const trailers = exchange.trailers();
    call.finish(trailers.length === 0 ? trailers : forwardedTrailers(trailers, exchange.fields));
  }

  onBroken(problem?: Error): void {
    // Without a problem it is the client's or the upstream's end, and each of them is heard of in its own place.
    this.#pace?.stop();
    if (problem instanceof PosternError) this.#options.onFailed(problem);
  }
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
