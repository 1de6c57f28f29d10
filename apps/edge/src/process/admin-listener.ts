import type { Server, ServerResponse } from 'node:http';
import { PosternError, type ProblemCode, problemDocumentOf, renderProblem } from '@postern/contracts/plain';
import { type ListenAddress, listenFailure } from '@postern/runtime';

// Not imported: decision 0026.
const { createServer } = process.getBuiltinModule('node:http');

interface AdminOptions {
  readonly listen: readonly ListenAddress[];
  /** Why the edge is not ready; empty when it is. */
  readonly unreadyReasons: () => Promise<readonly string[]>;
  /** Prometheus text format. */
  readonly metrics: () => Promise<string>;
}

/** The operator's listener: `/livez`, `/readyz` and `/metrics`. Rejects with PosternError when an address cannot be had. */
export async function startAdminListener(
  options: AdminOptions,
): Promise<{ addresses: ListenAddress[]; close(): Promise<void> }> {
  const servers: Server[] = [];
  const addresses: ListenAddress[] = [];
  const close = async () => {
    await Promise.all(
      servers.map((server) => {
        server.closeAllConnections();
        return new Promise<void>((resolve) => server.close(() => resolve()));
      }),
    );
  };
  try {
    for (const address of options.listen) {
      const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, (request, response) => {
        void answer(options, request.method ?? '', request.url ?? '', response);
      });
      servers.push(server);
      addresses.push(await listen(server, address));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { addresses, close };
}

async function answer(
  options: AdminOptions,
  method: string,
  target: string,
  response: ServerResponse,
): Promise<void> {
  const path = target.replace(/\?.*$/s, '');
  if (path !== '/livez' && path !== '/readyz' && path !== '/metrics') return refuse(response, 'not_found');
  if (method !== 'GET' && method !== 'HEAD') return refuse(response, 'method_not_allowed');
  if (path === '/livez') return reply(response, 200, 'application/json', '{"live":true}');
  try {
    if (path === '/readyz') {
      const reasons = await options.unreadyReasons();
      const body = JSON.stringify({ ready: reasons.length === 0, reasons });
      return reply(response, reasons.length === 0 ? 200 : 503, 'application/json', body);
    }
    reply(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await options.metrics());
  } catch {
    refuse(response, 'internal');
  }
}

function reply(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}

function refuse(response: ServerResponse, code: ProblemCode): void {
  const problem = problemDocumentOf(new PosternError(code));
  reply(response, problem.status, 'application/problem+json', renderProblem(problem));
}

function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure('POSTERN_EDGE_ADMIN_LISTEN', address, error)));
    server.listen({ ...address, exclusive: true }, () => {
      const bound = server.address();
      resolve(
        typeof bound === 'object' && bound !== null ? { host: bound.address, port: bound.port } : address,
      );
    });
  });
}
