import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect as connectH2 } from 'node:http2';
import { Agent, request } from 'node:https';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where clients of a soak go, and what they show. */
export interface SoakTarget {
  readonly port: number;
  readonly host: string;
  readonly cert: string;
  readonly key: string;
}

/** One repeated step of a client, which throws where it was not served as it should be, and its end. */
export interface SoakClient {
  readonly kind: string;
  readonly pauseMs: number;
  step(): Promise<void>;
  close(): void;
}

const TIMEOUT_MS = 30_000;
/** Echoes over one WebSocket before another is opened. */
const ECHOES = 50;

/** Clients of every kind. They pause between steps: a soak is about time, not about load. */
export function makeSoakClients(target: SoakTarget): SoakClient[] {
  return [
    h1Client(target),
    h1Client(target),
    h2Client(target),
    websocketClient(target),
    handshakeClient(target),
  ];
}

function h1Client(target: SoakTarget): SoakClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return { kind: 'HTTP/1.1', pauseMs: 10, step: () => get(target, agent), close: () => agent.destroy() };
}

/** A full handshake each time. */
function handshakeClient(target: SoakTarget): SoakClient {
  return {
    kind: 'handshake',
    pauseMs: 100,
    async step() {
      const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
      await get(target, agent);
      agent.destroy();
    },
    close: () => {},
  };
}

async function get(target: SoakTarget, agent: Agent): Promise<void> {
  const outgoing = request({ ...optionsOf(target), agent });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
}

/** Requests on one connection, which is opened again when it was closed between two of them. */
function h2Client({ port, host, cert, key }: SoakTarget): SoakClient {
  const open = () => {
    const made = connectH2(`https://127.0.0.1:${port}`, {
      servername: host,
      cert,
      key,
      rejectUnauthorized: false,
    });
    // What a request meets is told by its stream.
    made.on('error', () => {});
    return made;
  };
  let session = open();
  return {
    kind: 'HTTP/2',
    pauseMs: 20,
    async step() {
      if (session.closed || session.destroyed) session = open();
      const stream = session.request({ ':path': '/', ':authority': host });
      stream.setTimeout(TIMEOUT_MS, () => stream.destroy(new Error('timed out')));
      const [fields] = await once(stream, 'response');
      stream.resume();
      await once(stream, 'end');
      if (fields[':status'] !== 200) throw new Error(`answered ${fields[':status']}`);
    },
    close: () => session.destroy(),
  };
}

/** Echoes on one WebSocket, and a new one after some of them. */
function websocketClient(target: SoakTarget): SoakClient {
  let socket: Duplex | null = null;
  let echoes = 0;
  return {
    kind: 'WebSocket',
    pauseMs: 50,
    async step() {
      socket ??= await openWebsocket(target);
      const echoed = once(socket, 'data', { signal: AbortSignal.timeout(TIMEOUT_MS) });
      // A final text frame of 4 bytes under a mask of zeros.
      socket.write(Buffer.from([0x81, 0x84, 0, 0, 0, 0, ...Buffer.from('ping')]));
      const [data] = (await echoed) as [Buffer];
      if (!data.toString('latin1').endsWith('ping')) throw new Error('another echo');
      echoes += 1;
      if (echoes % ECHOES > 0) return;
      socket.destroy();
      socket = null;
    },
    close: () => void socket?.destroy(),
  };
}

async function openWebsocket(target: SoakTarget): Promise<Duplex> {
  const outgoing = request({
    ...optionsOf(target),
    agent: false,
    headers: {
      ...{ Host: target.host, Connection: 'Upgrade', Upgrade: 'websocket' },
      ...{ 'Sec-WebSocket-Key': Buffer.alloc(16, 'k').toString('base64'), 'Sec-WebSocket-Version': '13' },
    },
  });
  outgoing.end();
  const [, socket] = (await once(outgoing, 'upgrade')) as [IncomingMessage, Duplex];
  return socket;
}

function optionsOf({ port, host, cert, key }: SoakTarget) {
  return {
    ...{ host: '127.0.0.1', port, servername: host, path: '/', headers: { Host: host } },
    ...{ cert, key, rejectUnauthorized: false, timeout: TIMEOUT_MS },
  };
}

/** Lets a client take its steps until told to stop; gives how many there were, and the first fault of each text with its count. */
export async function keepGoing(
  client: SoakClient,
  isOver: () => boolean,
): Promise<{ steps: number; failures: number; faults: Map<string, number> }> {
  const faults = new Map<string, number>();
  let steps = 0;
  let failures = 0;
  while (!isOver()) {
    try {
      await client.step();
    } catch (error) {
      failures += 1;
      const text = String(error).split('\n')[0] ?? '';
      faults.set(text, (faults.get(text) ?? 0) + 1);
    }
    steps += 1;
    await sleep(client.pauseMs);
  }
  client.close();
  return { steps, failures, faults };
}
