import type { Connection } from '../connection.ts';
import type { AccessEntry } from './access-log.ts';
import type { Exchange } from './exchange.ts';

/** Characters of a path that the access log keeps. */
const LOGGED_PATH_CHARS_MAX = 1_024;
const LOGGED_NAMES_MAX = 10;

/** The entry of one request. What the request and its connection say is read when the entry is written, which most setups leave out. */
export class RequestEntry implements AccessEntry {
  host: string;
  route: string | null = null;
  rule: string | null = null;
  service: string | null = null;
  target: string | null = null;
  status = 0;
  bytesIn = 0;
  bytesOut = 0;
  durationMs = 0;
  upstreamMs: number | null = null;
  code: string | null = null;
  reason: string | null = null;
  refusal: string | null = null;
  refusals: number | null = null;
  aborted = false;
  readonly #exchange: Exchange;
  readonly #connection: Connection;
  readonly #at: number;

  /** `at` is when the request began, in milliseconds since 1970. */
  constructor(exchange: Exchange, connection: Connection, at: number) {
    this.#exchange = exchange;
    this.#connection = connection;
    this.#at = at;
    this.host = connection.sni;
  }

  get time(): string {
    return new Date(this.#at).toISOString();
  }

  get requestId(): string {
    return this.#exchange.id;
  }

  get method(): string {
    return this.#exchange.method.slice(0, 32);
  }

  get path(): string {
    return this.#exchange.target.split(/[?#]/, 1)[0]?.slice(0, LOGGED_PATH_CHARS_MAX) ?? '';
  }

  get clientAddress(): string {
    return this.#connection.clientAddress;
  }

  get protocol(): string {
    return this.#exchange.protocol;
  }

  get tlsVersion(): string {
    return this.#connection.tlsVersion;
  }

  get clientFingerprint(): string | null {
    return this.#connection.client?.fingerprint ?? null;
  }

  get clientNames(): readonly string[] | null {
    const names = this.#connection.client?.names;
    if (names === undefined) return null;
    return [...names.commonNames, ...names.dnsNames].slice(0, LOGGED_NAMES_MAX);
  }

  /** All of it, in the order of the log. */
  toJSON(): AccessEntry {
    return {
      time: this.time,
      requestId: this.requestId,
      host: this.host,
      route: this.route,
      rule: this.rule,
      service: this.service,
      target: this.target,
      method: this.method,
      path: this.path,
      status: this.status,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      durationMs: this.durationMs,
      upstreamMs: this.upstreamMs,
      clientAddress: this.clientAddress,
      protocol: this.protocol,
      tlsVersion: this.tlsVersion,
      clientFingerprint: this.clientFingerprint,
      clientNames: this.clientNames,
      code: this.code,
      reason: this.reason,
      refusal: this.refusal,
      refusals: this.refusals,
      aborted: this.aborted,
    };
  }
}
