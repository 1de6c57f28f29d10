import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import { dirname, join } from 'node:path';
import type { Pebble } from './pebble.ts';

/** A request that passes: the how-manyth (from 1), and what is asked. */
export interface Passing {
  readonly n: number;
  readonly method: string;
  readonly path: string;
}

/** A proxy in front of a Pebble, which takes it for itself: the way of each request can be stopped. */
export interface AcmeProxy extends AsyncDisposable {
  readonly directoryUrl: string;
  /** Called before a request goes to the CA; it does not go where this gives false, and is never answered. */
  onRequest: (passing: Passing) => boolean;
  /** Called when the CA has answered; nothing comes back where this gives false. */
  onAnswer: (passing: Passing) => boolean;
  /** Counts from 1 again. */
  reset(): void;
  /** Since the last reset, those that came to the CA. */
  readonly passed: readonly Passing[];
}

/** Starts it on a free port of 127.0.0.1, with the certificate of the Pebble behind it. */
export async function startAcmeProxy(pebble: Pebble): Promise<AcmeProxy> {
  const cert = readFileSync(pebble.bundleFile);
  const key = readFileSync(join(dirname(pebble.bundleFile), 'key.pem'));
  const behind = new URL(pebble.directoryUrl);
  const agent = new Agent({ ca: cert, keepAlive: true });
  let count = 0;
  let passed: Passing[] = [];
  const server = createServer({ key, cert }, (asked, answer) => {
    count += 1;
    const passing = { n: count, method: asked.method ?? '', path: asked.url ?? '' };
    if (!proxy.onRequest(passing)) return;
    passed.push(passing);
    const sent = request(
      { ...target(behind), method: passing.method, path: passing.path, headers: asked.headers, agent },
      (got) => {
        const parts: Buffer[] = [];
        got.on('data', (part: Buffer) => parts.push(part));
        got.on('end', () => {
          if (!proxy.onAnswer(passing)) return;
          answer.writeHead(got.statusCode ?? 502, got.headers);
          answer.end(Buffer.concat(parts));
        });
      },
    );
    sent.on('error', () => answer.destroy());
    asked.pipe(sent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const proxy: AcmeProxy = {
    directoryUrl: `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}${behind.pathname}`,
    onRequest: () => true,
    onAnswer: () => true,
    reset() {
      count = 0;
      passed = [];
    },
    get passed() {
      return passed;
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return proxy;
}

function target({ hostname, port }: URL): { host: string; port: string } {
  return { host: hostname, port };
}
