import type { IncomingHttpHeaders } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { AcmeProblem, AcmeUnreachable, oneLine, readProblem } from './acme-problem.ts';
import { readRetryAfter } from './retry-after.ts';

/** Milliseconds from the start of a request to the end of its answer. */
const REQUEST_MS_MAX = 30_000;
/** Bytes of an answer; a chain has some 10 kB. */
const ANSWER_BYTES_MAX = 1_048_576;
/** Milliseconds for which the directory document is believed. */
const DIRECTORY_LIFE_MS = 3_600_000;
/** Nonces kept; a CA forgets unused ones. */
const NONCES_MAX = 50;
/** Milliseconds after which a kept nonce is no longer tried. */
const NONCE_LIFE_MS = 120_000;
/** Connections to one CA at once. */
const CONNECTIONS_MAX = 16;
const BAD_NONCE = 'badNonce';

export interface TransportOptions {
  readonly directoryUrl: string;
  /** PEM that alone is trusted for the CA's own TLS; null: the public roots. */
  readonly caBundlePem: string | null;
  readonly userAgent: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface WireRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly body?: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * Carries requests to one CA over HTTPS: keeps the nonces that answers bring, so that signed requests need no extra one,
 * keeps the directory for an hour, and turns what is no success into AcmeProblem or AcmeUnreachable. Only an answer
 * `badNonce` is given back as it came: who signed the request signs it again. Nothing is repeated here.
 */
export class AcmeTransport {
  readonly #options: TransportOptions;
  readonly #agent: Agent;
  readonly #nonces: { readonly value: string; readonly at: number }[] = [];
  readonly #closing = new AbortController();
  #directory: { readonly answer: WireAnswer; readonly at: number } | null = null;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: CONNECTIONS_MAX,
      ...(options.caBundlePem === null ? {} : { ca: options.caBundlePem }),
    });
  }

  async send(asked: WireRequest): Promise<WireAnswer> {
    const { now, directoryUrl } = this.#options;
    const isDirectory = asked.method === 'GET' && asked.url === directoryUrl;
    if (isDirectory && this.#directory !== null && now() - this.#directory.at < DIRECTORY_LIFE_MS)
      return this.#directory.answer;
    if (asked.method === 'HEAD') {
      const nonce = this.#takeNonce();
      if (nonce !== undefined) return { status: 200, headers: { 'replay-nonce': nonce }, text: '' };
    }
    const answer = await this.#exchange(asked);
    const problem = answer.status < 400 ? null : readProblem(parseJson(answer.text));
    // Whoever sent a HEAD, or signs again, uses the nonce of this answer itself.
    if (problem?.type === BAD_NONCE && asked.method === 'POST') return answer;
    if (asked.method !== 'HEAD') this.#keepNonce(answer);
    if (problem !== null) {
      throw new AcmeProblem({
        type: problem.type,
        detail: problem.detail || `${answer.status} ${oneLine(answer.text) || 'without a text'}`,
        status: answer.status,
        retryAt: readRetryAfter(answer.headers['retry-after'], now()),
      });
    }
    if (isDirectory) this.#directory = { answer, at: now() };
    return answer;
  }

  /** Ends connections and what is being asked; nothing can be asked any more. */
  close(): void {
    this.#closing.abort();
    this.#agent.destroy();
  }

  #takeNonce(): string | undefined {
    const oldest = this.#options.now() - NONCE_LIFE_MS;
    while (this.#nonces.length > 0 && (this.#nonces[0]?.at ?? 0) < oldest) this.#nonces.shift();
    return this.#nonces.pop()?.value;
  }

  #keepNonce({ headers }: WireAnswer): void {
    const value = headers['replay-nonce'];
    if (typeof value !== 'string') return;
    this.#nonces.push({ value, at: this.#options.now() });
    if (this.#nonces.length > NONCES_MAX) this.#nonces.shift();
  }

  async #exchange(asked: WireRequest): Promise<WireAnswer> {
    const { host, protocol } = new URL(asked.url);
    if (protocol !== 'https:') throw new AcmeUnreachable(`${asked.url} is not an https address`);
    const options: RequestOptions = {
      agent: this.#agent,
      signal: this.#closing.signal,
      headers: {
        'user-agent': this.#options.userAgent,
        ...(asked.body === undefined
          ? {}
          : { 'content-type': 'application/jose+json', 'content-length': Buffer.byteLength(asked.body) }),
      },
    };
    for (let tries = 1; ; tries += 1) {
      try {
        return await exchange(asked, options);
      } catch (cause) {
        // A kept connection that the CA has closed just now says nothing about the CA.
        if (cause instanceof StaleConnection && tries <= CONNECTIONS_MAX) continue;
        throw new AcmeUnreachable(`the CA at ${host} ${reasonOf(cause)}`, { cause });
      }
    }
  }
}

class StaleConnection extends Error {}

function exchange(asked: WireRequest, options: RequestOptions): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const { signal: closing } = options;
    const timeout = AbortSignal.timeout(REQUEST_MS_MAX);
    const signal = closing === undefined ? timeout : AbortSignal.any([timeout, closing]);
    const sent = request(asked.url, { ...options, method: asked.method, signal }, (answer) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > ANSWER_BYTES_MAX) answer.destroy(new Error('answers with more than 1 MiB'));
        else parts.push(part);
      });
      answer.once('error', reject);
      answer.once('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text: Buffer.concat(parts).toString('utf8'),
        }),
      );
    });
    sent.once('error', (error: NodeJS.ErrnoException) => {
      const isStale = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(isStale ? new StaleConnection('it closed a kept connection') : error);
    });
    sent.end(asked.body);
  });
}

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

function reasonOf(cause: unknown): string {
  const error = cause as NodeJS.ErrnoException;
  if (error.name === 'AbortError' || error.name === 'TimeoutError')
    return `does not answer within ${REQUEST_MS_MAX / 1000} s`;
  if (UNTRUSTED.has(error.code ?? ''))
    return `is not trusted (${error.code}): POSTERN_ACME_CA_BUNDLE names the CA of its own certificate`;
  return `cannot be reached: ${oneLine(error.code ?? error.message)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
