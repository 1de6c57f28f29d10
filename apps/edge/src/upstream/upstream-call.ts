import { PosternError, type Target } from '@postern/contracts/plain';
import { deadlines, NO_WAIT, type Watched } from '../deadlines.ts';
import type { AddressGuard } from './address-guard.ts';
import type { Attempt, AttemptEvents, UpstreamEvents, UpstreamRequest, UpstreamResponse } from './attempt.ts';
import type { Lease } from './balancer.ts';
import { type BodyWriter, NO_WRITER } from './body.ts';
import type { Field } from './fields.ts';
import type { Pool } from './pool.ts';
import { authorityOf, startAttempt } from './start-attempt.ts';
import { isFailing, problemOfUpstream, StaleConnectionError, upstreamTimeout } from './upstream-error.ts';

/** Methods that may be sent again without doing a thing twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** What becomes of a call; nothing is told once it was aborted. */
export interface CallEvents extends UpstreamEvents {
  /** A target takes the request: its body may be written. */
  onOpened(): void;
  /** The head of the answer. */
  onResponse(response: UpstreamResponse): void;
  /** There will be no answer, for an upstream problem. */
  onFailed(problem: PosternError): void;
}

/**
 * One exchange with an upstream, whatever number of targets are tried for it. A target that cannot be connected to is passed over
 * for another one, since nothing was sent; a reused connection that dies before it answers is replaced, if the request can be
 * repeated unharmed. The time for the response head counts from the end of the request.
 */
export class UpstreamCall implements Watched, AttemptEvents {
  deadline = Number.POSITIVE_INFINITY;
  waitMs = NO_WAIT;
  place = -1;
  readonly #pool: Pool;
  readonly #guard: AddressGuard;
  readonly #request: UpstreamRequest;
  readonly #events: CallEvents;
  #lease: Lease | null = null;
  #attempt: Attempt | null = null;
  /** Attempts of the lease that are not over. */
  #open = 0;
  /** Answered, failed or aborted. */
  #isOver = false;
  #excluded: Set<Target> | null = null;
  #lastProblem: PosternError | null = null;

  constructor(pool: Pool, guard: AddressGuard, request: UpstreamRequest, events: CallEvents) {
    this.#pool = pool;
    this.#guard = guard;
    this.#request = request;
    this.#events = events;
  }

  /** The target that took the request, like `http://127.0.0.1:3000`. */
  get target(): string {
    return this.#lease?.name ?? '';
  }

  /** Takes the body; until there is a target it takes none. */
  get writer(): BodyWriter {
    return this.#attempt?.writer ?? NO_WRITER;
  }

  /** Connects and sends the head; its events may come before this returns. */
  start(): void {
    const { balancer } = this.#pool;
    while (!this.#isOver) {
      const lease = balancer.choose(this.#excluded);
      if ('retryAfterMs' in lease) {
        this.#isOver = true;
        this.#events.onFailed(this.#lastProblem ?? allFailed(lease.retryAfterMs));
        return;
      }
      this.#lease = lease;
      let attempt: Attempt | Promise<Attempt>;
      try {
        attempt = this.#connect(lease, false);
      } catch (error) {
        this.#passOver(lease, error);
        continue;
      }
      if (!(attempt instanceof Promise)) this.#opened(attempt);
      else {
        attempt.then(
          (opened) => this.#opened(opened),
          (error: unknown) => {
            this.#passOver(lease, error);
            this.start();
          },
        );
      }
      return;
    }
  }

  /** Ends the request body. */
  finish(trailers: readonly Field[]): void {
    this.#attempt?.finish(trailers);
    this.#expectHead();
  }

  /** Ends the exchange at once, on the wire as well; harmless after the end. */
  abort(): void {
    this.#settle();
    this.#attempt?.abort();
  }

  onContinue(): void {
    if (!this.#isOver) this.#events.onContinue();
  }

  onInform(status: number, fields: readonly Field[]): void {
    if (!this.#isOver) this.#events.onInform(status, fields);
  }

  onResponse(response: UpstreamResponse): void {
    if (this.#isOver) return;
    this.#settle();
    this.#lease?.succeeded();
    this.#events.onResponse(response);
  }

  onFailed(error: unknown): void {
    if (this.#isOver) return;
    const request = this.#request;
    const isStale = error instanceof StaleConnectionError;
    // A reused connection that closed says nothing against its target.
    if (!isStale) this.#fail(problemOfUpstream(error, this.target, true), true);
    else if (request.body.kind !== 'none' || !IDEMPOTENT.has(request.method) || request.websocket)
      this.#fail(problemOfUpstream(error, this.target, true), false);
    else void this.#repeat();
  }

  onClosed(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#lease?.release();
  }

  onDeadline(): void {
    const attempt = this.#attempt;
    this.#fail(upstreamTimeout('head', this.#pool.upstream.responseHeadMs, this.target), false);
    attempt?.abort('silent');
  }

  #connect({ target }: Lease, fresh: boolean): Attempt | Promise<Attempt> {
    const pool = this.#pool;
    const request = this.#request;
    const authority = pool.upstream.hostHeader === 'client' ? request.clientAuthority : authorityOf(target);
    return startAttempt({ pool, target, authority, request, events: this, fresh, guard: this.#guard });
  }

  #opened(attempt: Attempt): void {
    this.#open += 1;
    this.#attempt = attempt;
    if (this.#isOver) {
      attempt.abort();
      return;
    }
    if (this.#request.body.kind === 'none') this.#expectHead();
    this.#events.onOpened();
    attempt.writer.flush();
  }

  #passOver(lease: Lease, error: unknown): void {
    lease.release();
    const problem = problemOfUpstream(error, lease.name, false);
    if (isFailing(problem)) lease.failed();
    this.#excluded ??= new Set();
    this.#excluded.add(lease.target);
    this.#lastProblem = problem;
  }

  /** The same request to the same target, on a connection of its own. */
  async #repeat(): Promise<void> {
    const lease = this.#lease;
    if (lease === null) return;
    // Holds the lease until the new attempt is there.
    this.#open += 1;
    try {
      const attempt = await this.#connect(lease, true);
      this.#attempt = attempt;
      if (this.#isOver) attempt.abort();
      else attempt.writer.flush();
    } catch (error) {
      if (!this.#isOver) this.#fail(problemOfUpstream(error, this.target, true), true);
      this.onClosed();
    }
  }

  #expectHead(): void {
    if (this.#isOver || this.place >= 0) return;
    this.waitMs = this.#pool.upstream.responseHeadMs;
    deadlines.watch(this);
  }

  #settle(): void {
    this.#isOver = true;
    deadlines.forget(this);
  }

  #fail(problem: PosternError, isOfTarget: boolean): void {
    this.#settle();
    if (isOfTarget && isFailing(problem)) this.#lease?.failed();
    this.#events.onFailed(problem);
  }
}

function allFailed(retryAfterMs: number): PosternError {
  return new PosternError('upstream_unavailable', {
    detail: 'All targets of the service failed lately and are left alone for a moment.',
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  });
}
