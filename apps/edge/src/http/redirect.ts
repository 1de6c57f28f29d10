import type { Socket } from 'node:net';
import { hostOfAuthority, PosternError } from '@postern/contracts/plain';
import type { ChallengeAnswers } from '../acme/challenge-answers.ts';
import type { HostTable } from '../connection.ts';
import { answerProblem } from './answer-problem.ts';
import type { Exchange, ServeExchange } from './exchange.ts';
import { createHttp1Server, type Http1Server } from './h1-server.ts';
import type { ClientPace } from './http-limits.ts';

/** Where a CA asks (RFC 8555 section 8.3); a token is base64url. */
const CHALLENGE = /^\/\.well-known\/acme-challenge\/([A-Za-z0-9_-]{1,200})$/;

export interface RedirectOptions {
  readonly hosts: HostTable;
  readonly challenges: Pick<ChallengeAnswers, 'httpAnswer'>;
  /** Left out of the address when 443. */
  readonly publicHttpsPort: number;
  readonly pace: ClientPace;
}

/**
 * The plain HTTP side: every request for a served host is sent to https with 308, and nothing is ever served in plaintext but the
 * answers to challenges of CAs, which hold for hosts that are not served yet as well.
 * Unknown hosts get a 421 problem, unreadable targets a 400 one. Each connection ends after its answer.
 */
export function createRedirectServer(options: RedirectOptions): Http1Server<{ readonly socket: Socket }> {
  // An idle connection has nothing to wait for.
  const pace = { ...options.pace, idleMs: options.pace.headTimeoutMs };
  const serve: ServeExchange = (exchange, onDone) => {
    try {
      answer(exchange, options);
    } catch (error) {
      const problem = error instanceof PosternError ? error : new PosternError('internal', { cause: error });
      answerProblem(exchange, problem, [], true);
    }
    onDone();
  };
  return createHttp1Server(() => serve, pace);
}

function answer(exchange: Exchange, { hosts, challenges, publicHttpsPort }: RedirectOptions): void {
  if (exchange.fault !== null) throw exchange.fault;
  const { method, target, http1Head } = exchange;
  const host = hostOfAuthority(http1Head?.host ?? '');
  const isPath = http1Head?.targetForm === 'origin' && !/[\\#]/.test(target);
  if (host === undefined || !isPath) {
    throw new PosternError('bad_request', { detail: 'A path and one Host are needed.' });
  }
  // Only a request that a CA could have sent is asked for; every other goes the way of all.
  const token = method === 'GET' || method === 'HEAD' ? CHALLENGE.exec(target)?.[1] : undefined;
  const keyAuthorization = token === undefined ? undefined : challenges.httpAnswer(host, token);
  if (keyAuthorization !== undefined) {
    const body = Buffer.from(keyAuthorization, 'latin1');
    const writer = exchange.respond(
      200,
      [
        ['server', 'postern'],
        ['content-type', 'application/octet-stream'],
        ['content-length', String(body.length)],
        ['cache-control', 'no-store'],
      ],
      { hasBody: method !== 'HEAD', close: true },
    );
    if (method !== 'HEAD') writer.write(body);
  } else if (hosts.get(host) === undefined) {
    throw new PosternError('misdirected_request', { detail: 'This host is not served here.' });
  } else {
    const port = publicHttpsPort === 443 ? '' : `:${publicHttpsPort}`;
    exchange.respond(
      308,
      [
        ['server', 'postern'],
        ['location', `https://${host}${port}${target}`],
        ['content-length', '0'],
      ],
      { hasBody: false, close: true },
    );
  }
  exchange.end([]);
}
