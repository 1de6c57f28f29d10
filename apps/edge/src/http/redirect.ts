import { createServer, type IncomingMessage, type Server } from 'node:http';
import {
  type Hostname,
  hostOfAuthority,
  PosternError,
  problemDocumentOf,
  renderProblem,
} from '@postern/contracts';
import type { ChallengeAnswers } from '../acme/challenge-answers.ts';
import type { HostTable } from '../connection.ts';
import { fieldsOfRaw, valuesOf } from '../upstream/fields.ts';
import { type ClientPace, HTTP_LIMITS } from './http-limits.ts';
import { newRequestId } from './request-id.ts';

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
 * Unknown hosts get a 421 problem, unreadable targets a 400 one. The server is not listening: listen, or emit 'connection'.
 */
export function createRedirectServer(options: RedirectOptions): Server {
  const server = createServer(
    {
      requireHostHeader: false,
      maxHeaderSize: HTTP_LIMITS.headBytesMax,
      headersTimeout: options.pace.headTimeoutMs,
      requestTimeout: options.pace.headTimeoutMs,
      keepAliveTimeout: options.pace.headTimeoutMs,
      connectionsCheckingInterval: 1_000,
      shouldUpgradeCallback: () => false,
    },
    (request, response) => {
      const hosts = valuesOf(fieldsOfRaw(request.rawHeaders), 'host');
      const host = hosts.length === 1 ? hostOfAuthority(hosts[0] ?? '') : undefined;
      const target = request.url ?? '';
      if (host === undefined || !/^\/[\u0021-\u007e]*$/.test(target) || /[\\#]/.test(target)) {
        refuse(new PosternError('bad_request', { detail: 'A path and one Host are needed.' }));
        return;
      }
      const keyAuthorization = answerOf(request, host, target);
      if (keyAuthorization !== undefined) {
        response.writeHead(200, {
          server: 'postern',
          'content-type': 'application/octet-stream',
          'content-length': String(keyAuthorization.length),
          'cache-control': 'no-store',
          connection: 'close',
        });
        response.end(keyAuthorization);
      } else if (options.hosts.get(host) === undefined) {
        refuse(new PosternError('misdirected_request', { detail: 'This host is not served here.' }));
      } else {
        const port = options.publicHttpsPort === 443 ? '' : `:${options.publicHttpsPort}`;
        response.writeHead(308, {
          server: 'postern',
          location: `https://${host}${port}${target}`,
          'content-length': '0',
          connection: 'close',
        });
        response.end();
      }
      /** Only a request that a CA could have sent is asked for; every other goes the way of all. */
      function answerOf({ method }: IncomingMessage, asked: Hostname, path: string): string | undefined {
        const token = method === 'GET' || method === 'HEAD' ? CHALLENGE.exec(path)?.[1] : undefined;
        return token === undefined ? undefined : options.challenges.httpAnswer(asked, token);
      }
      function refuse(problem: PosternError): void {
        const document = problemDocumentOf(problem, newRequestId());
        response.writeHead(document.status, {
          server: 'postern',
          'content-type': 'application/problem+json',
          connection: 'close',
        });
        response.end(renderProblem(document));
      }
    },
  );
  // Node checks its time limits only from this event on, which a server that is fed by hand never sees.
  server.emit('listening');
  return server;
}
