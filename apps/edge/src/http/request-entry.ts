import { cutText } from '../ledger/cut-text.ts';
import { steadyNow } from '../steady-clock.ts';
import type { AccessEntry, LoggedClient } from './access-line.ts';
import type { Exchange } from './exchange.ts';

/** Characters of a method that the access log keeps: HTTP/2 clients write what they like. */
const LOGGED_METHOD_CHARS_MAX = 32;
/** Characters of a path that the access log keeps. */
const LOGGED_PATH_CHARS_MAX = 1_024;

/** The entry of one request. What the request says is read when the entry is written, which most setups leave out. */
export class RequestEntry implements AccessEntry {
  readonly at: number;
  readonly client: LoggedClient;
  host: string;
  route: string | null = null;
  rule: string | null = null;
  service: string | null = null;
  target: string | null = null;
  status = 0;
  bytesIn = 0;
  bytesOut = 0;
  upstreamMs: number | null = null;
  code: string | null = null;
  reason: string | null = null;
  refusal: string | null = null;
  refusals: number | null = null;
  aborted = false;
  readonly #exchange: Exchange;
  readonly #startedAt: number;

  /**
   * `at` and `startedAt` are when the request began, in milliseconds since 1970 and of performance.now(); `host` is the connection's until
   * the request has said one.
   */
  constructor(exchange: Exchange, client: LoggedClient, host: string, at: number, startedAt: number) {
    this.#exchange = exchange;
    this.client = client;
    this.host = host;
    this.at = at;
    this.#startedAt = startedAt;
  }

  get requestId(): string {
    return this.#exchange.id;
  }

  /** Until now: an entry is written when its request ends. */
  get durationMs(): number {
    return Math.round(steadyNow() - this.#startedAt);
  }

  get method(): string {
    return cutText(this.#exchange.method, LOGGED_METHOD_CHARS_MAX);
  }

  get path(): string {
    const { target } = this.#exchange;
    const end = target.search(/[?#]/);
    return target.slice(0, Math.min(end === -1 ? target.length : end, LOGGED_PATH_CHARS_MAX));
  }

  get protocol(): string {
    return this.#exchange.protocol;
  }
}
