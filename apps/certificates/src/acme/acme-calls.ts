import { AsyncLocalStorage } from 'node:async_hooks';
import type { Client, ClientOptions } from 'acme-client';
import { AcmeProblem, AcmeUnreachable, oneLine } from './acme-problem.ts';
import { answeredWith } from './check-answer.ts';
import { readRetryAfter } from './retry-after.ts';
import type { AcmeTransport, WireRequest } from './transport.ts';

/** How often a request whose nonce the CA refuses is signed again at once before it counts as failed. */
const BAD_NONCES_MAX = 20;

/** One call of acme-client under way: who carries its requests, and what the last answer said beside its body. */
interface Call {
  readonly transport: AcmeTransport;
  readonly now: () => number;
  badNonces: number;
  isBadNonce: boolean;
  retryAt: number | null;
}

const calls = new AsyncLocalStorage<Call>();
type Acme = typeof import('acme-client');
let loading: Promise<Acme> | undefined;

/**
 * acme-client, loaded when it is first needed (half a second of work). Its requests go through `AcmeTransport`: its
 * own way of sending knows no CA bundle, waits for hours inside a request when a CA is busy, and loses problem types.
 * See docs/decisions/0016.
 */
export function loadAcme(): Promise<Acme> {
  loading ??= import('acme-client').then((module) => {
    const acme = (module as unknown as { default: Acme }).default;
    acme.axios.defaults.adapter = async (config) => {
      const call = calls.getStore();
      if (call === undefined) throw new Error('a request of acme-client outside of AcmeCalls');
      const method = (config.method ?? 'get').toUpperCase() as WireRequest['method'];
      const answer = await call.transport.send({
        method,
        url: config.url ?? '',
        ...(typeof config.data === 'string' ? { body: config.data } : {}),
      });
      // The transport gives back no other failure than this one.
      call.isBadNonce = answer.status >= 400;
      if (call.isBadNonce) call.badNonces += 1;
      call.retryAt = readRetryAfter(answer.headers['retry-after'], call.now());
      return {
        config,
        data: answer.text,
        status: answer.status,
        statusText: '',
        headers: answer.headers as Record<string, string>,
      };
    };
    return acme;
  });
  return loading;
}

export interface CallResult<T> {
  readonly value: T;
  /** Milliseconds since 1970, from the Retry-After of the last answer; null where it had none. */
  readonly retryAt: number | null;
}

/** Runs calls of an acme-client over a transport. A refused nonce is answered at once, up to 20 times a call. */
export class AcmeCalls {
  readonly #transport: AcmeTransport;
  readonly #client: Client;
  readonly #now: () => number;

  private constructor(transport: AcmeTransport, client: Client, now: () => number) {
    this.#transport = transport;
    this.#client = client;
    this.#now = now;
  }

  static async open(transport: AcmeTransport, now: () => number, options: ClientOptions): Promise<AcmeCalls> {
    const { Client } = await loadAcme();
    return new AcmeCalls(transport, new Client(options), now);
  }

  get accountUrl(): string {
    return this.#client.getAccountUrl();
  }

  /** `ask` is repeated only where the CA has refused each nonce, and so has done nothing. */
  async run<T>(ask: (client: Client) => Promise<T>): Promise<CallResult<T>> {
    const call: Call = {
      transport: this.#transport,
      now: this.#now,
      badNonces: 0,
      isBadNonce: false,
      retryAt: null,
    };
    for (;;) {
      try {
        const value = await calls.run(call, () => ask(this.#client));
        return { value, retryAt: call.retryAt };
      } catch (error) {
        if (!call.isBadNonce) throw failureOfCall(error);
        if (call.badNonces > BAD_NONCES_MAX) {
          const detail = `the CA refused ${call.badNonces} nonces in a row`;
          throw new AcmeProblem({ type: 'badNonce', detail, status: 400, retryAt: null });
        }
        call.isBadNonce = false;
      }
    }
  }
}

/** acme-client fails with errors of every kind where an answer is not what it expects. */
function failureOfCall(error: unknown): unknown {
  if (error instanceof AcmeProblem || error instanceof AcmeUnreachable) return error;
  const said = error instanceof Error ? error.message : String(error);
  return answeredWith(`what it should not: ${oneLine(said)}`, error);
}
