import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';

interface Asked {
  readonly port: number;
  readonly host: string;
  /** PEM of the certificate and key to show; null shows none. */
  readonly client: { readonly cert: string; readonly key: string } | null;
}

const TIMEOUT_MS = 20_000;

/** Status of a GET on a new connection to 127.0.0.1, or what went wrong. */
export async function askOnce({ port, host, client }: Asked): Promise<number | string> {
  const outgoing = request({
    ...{ host: '127.0.0.1', port, servername: host, path: '/small', headers: { Host: host } },
    // Nothing is resumed.
    ...{ agent: false, maxCachedSessions: 0, rejectUnauthorized: false, ...client },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  outgoing.end();
  try {
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return response.statusCode ?? 0;
  } catch (error) {
    return String(error);
  }
}
