import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:http2';
import { Agent, get as httpsGet } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOST } from './proxies.ts';

export const STREAMS = 100;
const AFTER_ABORT_MS = 2_000;
const PATIENCE_MS = 5_000;

/** Opens event streams, aborts all of them, and tells how many the upstream still serves two seconds later. */
export async function countLeftStreams(port: number, upstreamPort: number): Promise<number> {
  const open = await Promise.all(
    Array.from({ length: STREAMS }, async () => {
      const { outgoing, response } = await begin(port, '/events');
      await once(response, 'data');
      return outgoing;
    }),
  );
  const served = Number(await askUpstream(upstreamPort, '/open-streams'));
  if (served !== STREAMS) throw new Error(`the upstream serves ${served} streams in place of ${STREAMS}`);
  for (const outgoing of open) outgoing.destroy();
  await sleep(AFTER_ABORT_MS);
  const left = Number(await askUpstream(upstreamPort, '/open-streams'));
  await askUpstream(upstreamPort, '/end-streams');
  return left;
}

/** What one GET over HTTP/2 comes to; `faultOf` gives what the proxy's process said when it ended of it. */
export async function tryHttp2(port: number, faultOf: () => string | null): Promise<string> {
  const session = connect(`https://127.0.0.1:${port}`, { servername: HOST, rejectUnauthorized: false });
  const outcome = await Promise.race([
    sleep(PATIENCE_MS, `no answer for ${PATIENCE_MS / 1000} s`),
    new Promise<string>((resolve) => {
      session.on('error', (error) => resolve(`connection lost (${error.message})`));
      session.on('close', () => resolve('connection closed'));
      const stream = session.request({ ':path': '/small', ':authority': HOST });
      stream.on('error', (error) => resolve(`stream broken off (${error.message})`));
      stream.on('response', (fields) => {
        stream.resume();
        stream.on('end', () => resolve(`answered ${fields[':status']}`));
      });
    }),
  ]);
  session.destroy();
  // A dying process closes its sockets before its end is known.
  await sleep(500);
  const fault = faultOf();
  return fault === null ? outcome : `the proxy's process ends: ${fault}`;
}

/** What a client sees of an answer whose upstream dies in the middle. */
export async function seeBrokenAnswer(port: number, path: string): Promise<string> {
  const { outgoing, response } = await begin(port, path);
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  const how = await Promise.race([
    sleep(PATIENCE_MS, `hangs: nothing more within ${PATIENCE_MS / 1000} s`),
    new Promise<string>((resolve) => {
      response.on('end', () => resolve('ends as if it were complete'));
      response.on('error', () => resolve('broken off visibly'));
    }),
  ]);
  outgoing.destroy();
  return `${how}, ${bytes} bytes`;
}

async function begin(
  port: number,
  path: string,
): Promise<{ outgoing: ClientRequest; response: IncomingMessage }> {
  const outgoing = httpsGet({
    ...{ host: '127.0.0.1', port, servername: HOST, path },
    headers: { Host: HOST },
    agent: new Agent({ keepAlive: false }),
    rejectUnauthorized: false,
    timeout: 20_000,
  });
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  // From here on ends are told by the response.
  outgoing.on('error', () => {});
  response.on('error', () => {});
  return { outgoing, response };
}

async function askUpstream(port: number, path: string): Promise<string> {
  const outgoing = get({ host: '127.0.0.1', port, path, agent: false });
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}
