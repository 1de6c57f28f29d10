import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** HTTP servers on 127.0.0.1 that keep which paths reached them; for telling whether a refusal really refused. */
export class RecordingUpstreams {
  readonly #servers: Server[] = [];
  readonly #reached = new Map<string, Set<string>>();

  /** Starts one under a name; gives the port. */
  async start(name: string): Promise<number> {
    const paths = new Set<string>();
    this.#reached.set(name, paths);
    const server = createServer((request, response) => {
      paths.add(request.url ?? '');
      response.end('ok');
    });
    this.#servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Names of the servers that a path has reached. */
  reachedBy(path: string): string[] {
    return [...this.#reached].filter(([, paths]) => paths.has(path)).map(([name]) => name);
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }
}
