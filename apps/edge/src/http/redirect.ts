import { createServer, type Server } from 'node:http';
import { hostOfAuthority, PosternError, problemDocumentOf, renderProblem } from '@postern/contracts';
import type { HostTable } from '../connection.ts';
import { fieldsOfRaw, valuesOf } from '../upstream/fields.ts';
import { type ClientPace, HTTP_LIMITS } from './http-limits.ts';
import { newRequestId } from './request-id.ts';

export interface RedirectOptions {
  readonly hosts: HostTable;
  /** Left out of the address when 443. */
  readonly publicHttpsPort: number;
  readonly pace: ClientPace;
}

/**
 * The plain HTTP side: every request for a served host is sent to https with 308, and nothing is ever served in plaintext.
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
