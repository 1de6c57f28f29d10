import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

interface FreshConnections {
  /** Requests that were answered as they should be. */
  readonly answered: () => number;
  /** What went wrong, once for each request. */
  readonly failures: readonly string[];
  /** Longest time from connecting to the end of the answer, in milliseconds. */
  readonly slowestMs: () => number;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** Clients that make a connection, ask once, are answered and come again, until they are stopped. */
export function askOnFreshConnections(options: {
  readonly port: number;
  readonly host: string;
  readonly ca: string;
  readonly lanes: number;
}): FreshConnections {
  let stopped = false;
  let answered = 0;
  let slowestMs = 0;
  const failures: string[] = [];
  const lane = async (): Promise<void> => {
    while (!stopped) {
      const startedAt = performance.now();
      const outcome = await askOnce(options);
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      if (outcome === null) answered += 1;
      else failures.push(outcome);
      await sleep(5);
    }
  };
  const lanes = Promise.all(Array.from({ length: options.lanes }, lane));
  return {
    answered: () => answered,
    failures,
    slowestMs: () => slowestMs,
    async stop() {
      stopped = true;
      await lanes;
    },
  };
}

/** Null, or why a request on a connection of its own was not answered with 200. */
export function askOnce({
  port,
  host,
  ca,
}: {
  readonly port: number;
  readonly host: string;
  readonly ca: string;
}): Promise<string | null> {
  return new Promise((resolve) => {
    const asked = request(
      { host: '127.0.0.1', port, servername: host, headers: { host }, ca, agent: false, timeout: 60_000 },
      (response) => {
        response.resume();
        response.once('error', (error) => resolve(`the answer broke off: ${error.message}`));
        response.once('end', () => resolve(response.statusCode === 200 ? null : `${response.statusCode}`));
      },
    );
    asked.once('timeout', () => asked.destroy(new Error('no answer within 60 s')));
    asked.once('error', (error) => resolve(error.message));
    asked.end();
  });
}
