import { setTimeout as sleep } from 'node:timers/promises';
import type { Cursor } from '@postern/contracts';
import { createParser } from 'eventsource-parser';
import { formatCursor } from '../cursor-text.ts';
import { FEED_LIMITS } from './feed-limits.ts';
import { FeedError, FeedSession } from './feed-session.ts';
import type { FeedApplied, FeedSink, FeedState } from './feed-sink.ts';

export interface FollowFeedOptions {
  /** Address of the feed, like `http://127.0.0.1:8700/v1/feed`. Redirects are not followed: the token goes nowhere else. */
  readonly url: string;
  readonly token: string;
  /** Name of this edge (letters, digits, ".", "_", "-"; at most 128), by which the API knows and logs it. */
  readonly edge: string;
  /** Raw X25519 public key, base64url, that private keys are sealed to. */
  readonly edgeKey: string;
  readonly sink: FeedSink;
  /** Called after each transaction of the sink. What it throws ends `followFeed`: an edge must not serve what it dropped. */
  readonly onApplied: (applied: FeedApplied) => void;
  readonly onState: (state: FeedState) => void;
  readonly signal: AbortSignal;
  /** At least 0 and below 1. */
  readonly random: () => number;
  readonly log: (event: { message: string; error: unknown }) => void;
  /** Milliseconds without a byte; see FEED_LIMITS. */
  readonly silenceMs?: number;
}

class RefusedError extends Error {
  readonly status: 401 | 403;

  constructor(status: 401 | 403) {
    super(
      status === 401
        ? 'the API does not accept the token of this edge'
        : 'the token of this edge may not read the feed, or belongs to another edge key',
    );
    this.status = status;
  }
}

/** Marks what onApplied threw, so that it is not taken for a broken connection. */
class AppliedError extends Error {}

/**
 * Keeps the sink equal to the feed until the signal aborts: connects, resumes after the sink's cursor, applies what
 * comes, and reconnects with growing waits when the stream breaks, falls silent or is not understood.
 * Rejects only with what onApplied threw.
 */
export async function followFeed(options: FollowFeedOptions): Promise<void> {
  const { signal, sink, onState, random, log } = options;
  let failures = 0;
  let wantsResync = false;
  while (!signal.aborted) {
    onState({ state: 'connecting' });
    let failure: unknown;
    try {
      await readConnection(options, wantsResync ? null : sink.cursor(), () => {
        failures = 0;
        wantsResync = false;
      });
      failure = new FeedError('the API ended the stream');
    } catch (error) {
      if (error instanceof AppliedError) throw error.cause;
      failure = error;
      wantsResync ||= error instanceof FeedError && error.wantsResync;
    }
    if (signal.aborted) return;
    const reason = reasonOf(failure);
    log({ message: `the feed is not followed: ${reason}`, error: failure });
    const refused = failure instanceof RefusedError ? failure : undefined;
    const longestMs = refused === undefined ? FEED_LIMITS.retryMinMs * 2 ** failures : FEED_LIMITS.retryMaxMs;
    // Half of the wait is random, so that the edges of a restarted API do not all come back at once.
    const retryInMs = Math.round(Math.min(longestMs, FEED_LIMITS.retryMaxMs) * (0.5 + random() / 2));
    failures = Math.min(failures + 1, 16);
    onState(
      refused === undefined
        ? { state: 'retrying', reason, retryInMs }
        : { state: 'refused', status: refused.status, reason, retryInMs },
    );
    await sleep(retryInMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Reads one connection to its end. */
async function readConnection(
  options: FollowFeedOptions,
  after: Cursor | null,
  onFollowing: () => void,
): Promise<void> {
  const silence = new SilenceTimer(options.silenceMs ?? FEED_LIMITS.silenceMs);
  const connection = new AbortController();
  const signal = AbortSignal.any([options.signal, silence.signal, connection.signal]);
  try {
    const body = await connect(options, after, signal);
    const session = new FeedSession(options.sink, after, (applied) => {
      try {
        options.onApplied(applied);
      } catch (error) {
        throw new AppliedError('onApplied failed', { cause: error });
      }
    });
    let isFollowing = false;
    const parser = createParser({
      maxBufferSize: FEED_LIMITS.eventCharsMax,
      onEvent: (event) => {
        if (session.take(event) !== 'synced' || isFollowing) return;
        isFollowing = true;
        onFollowing();
        options.onState({ state: 'following' });
      },
      onError: (error) => {
        throw new FeedError(`the stream cannot be read: ${error.message}`);
      },
    });
    const decoder = new TextDecoder('utf-8', { fatal: true });
    for await (const chunk of body) {
      silence.restart();
      parser.feed(decoder.decode(chunk, { stream: true }));
    }
  } catch (error) {
    if (silence.signal.aborted && !(error instanceof AppliedError))
      throw new FeedError('the stream fell silent');
    throw error;
  } finally {
    silence.stop();
    connection.abort();
  }
}

async function connect(
  { url, token, edge, edgeKey }: FollowFeedOptions,
  after: Cursor | null,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const address = new URL(url);
  address.searchParams.set('edge', edge);
  if (after !== null) address.searchParams.set('after', formatCursor(after));
  const response = await fetch(address, {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
      'postern-edge-key': edgeKey,
    },
    redirect: 'error',
    signal,
  });
  if (response.status === 401 || response.status === 403) throw new RefusedError(response.status);
  // An API that cannot read our cursor would refuse it for ever: ask for a full copy instead.
  const isRefusedInput = response.status === 400 || response.status === 422;
  if (response.status !== 200) throw new FeedError(`the API answered ${response.status}`, isRefusedInput);
  if (
    response.headers.get('content-type')?.split(';')[0]?.trim() !== 'text/event-stream' ||
    response.body === null
  )
    throw new FeedError('the answer is no event stream; is the address that of the API?');
  return response.body;
}

/** Aborts its signal when it has not been restarted for a while. */
class SilenceTimer {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(silenceMs: number) {
    this.#timer = setTimeout(() => this.#controller.abort(), silenceMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch says only "fetch failed"; what failed stands in its cause.
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
