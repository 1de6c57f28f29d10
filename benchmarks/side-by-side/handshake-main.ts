import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import type { CertificateFiles } from '../../apps/edge/src/testing/openssl-certificates.ts';

// Handshakes with a client certificate and one GET each: handshake-main.ts LOAD (JSON). Reports as the wrk script does.

export interface HandshakeLoad {
  readonly port: number;
  readonly host: string;
  readonly version: SecureVersion;
  readonly resume: boolean;
  /** Connections made at the same time. */
  readonly connections: number;
  readonly seconds: number;
  readonly client: CertificateFiles;
}

const load = JSON.parse(process.argv[2] ?? '{}') as HandshakeLoad;
const { port, host, version, resume, connections, seconds } = load;
const request = `GET /small HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
const shown = { cert: readFileSync(load.client.cert), key: readFileSync(load.client.key) };
const latenciesMs: number[] = [];
let failed = 0;

function open(session: Buffer | null): TLSSocket {
  const socket = connect({
    ...{ host: '127.0.0.1', port, servername: host, minVersion: version, maxVersion: version, ...shown },
    // The same groups for all: Node's own choice is a post-quantum one where the server has it, which costs more.
    ...{ ecdhCurve: 'X25519:P-256', rejectUnauthorized: false },
    ...(session === null ? {} : { session }),
  });
  socket.on('error', () => {});
  socket.write(request);
  return socket;
}

/** Up to the first bytes of the answer, and then to the end of the connection. */
async function askOnce(session: Buffer | null): Promise<boolean> {
  const beganAt = performance.now();
  const socket = open(session);
  let status = '';
  let reused = false;
  socket.once('secureConnect', () => {
    reused = socket.isSessionReused();
  });
  socket.once('data', (data: Buffer) => {
    status = data.toString('latin1', 9, 12);
    latenciesMs.push(performance.now() - beganAt);
  });
  socket.resume();
  // How it ends counts for nothing once the answer is there.
  await new Promise((resolve) => socket.once('close', resolve));
  return status === '200' && reused === resume;
}

async function sessionOf(): Promise<Buffer> {
  const socket = open(null);
  const [session] = await once(socket.resume(), 'session', { signal: AbortSignal.timeout(10_000) });
  socket.destroy();
  return session;
}

async function keepConnecting(): Promise<void> {
  const session = resume ? await sessionOf() : null;
  while (performance.now() < endAt) if (!(await askOnce(session))) failed += 1;
}

const startedAt = performance.now();
const endAt = startedAt + seconds * 1000;
await Promise.all(Array.from({ length: connections }, keepConnecting));
const tookSeconds = (performance.now() - startedAt) / 1000;
latenciesMs.sort((a, b) => a - b);
const p99Ms = latenciesMs[Math.floor(latenciesMs.length * 0.99)] ?? 0;
console.log(
  `REPORT ${JSON.stringify({ requests: latenciesMs.length, seconds: tookSeconds, p99Ms, failed })}`,
);
