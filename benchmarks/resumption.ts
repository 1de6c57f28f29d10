import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type ConnectionOptions, connect, type SecureVersion } from 'node:tls';
import { startEdgeFixture } from '../apps/edge/src/testing/edge-fixture.ts';
import { OpensslCertificates, pemOf } from '../apps/edge/src/testing/openssl-certificates.ts';
import { describeMachine } from './machine.ts';

// What does a resumed handshake cost a protected host, beside a full one? Run: npm run bench:resumption [-- CONNECTIONS]
const HOST = 'a.example';
const WARM_UP = 300;
/** Full and resumed ones take turns, and the least of so many turns counts: what else the machine does only ever adds. */
const TURNS = 12;

/** What the clients' process is told. */
interface Load {
  readonly port: number;
  readonly version: SecureVersion;
  readonly resume: boolean;
  /** One GET on each connection; else the client half-closes as soon as its handshake is over. */
  readonly asks: boolean;
  readonly connections: number;
  readonly cert: string;
  readonly key: string;
}

if (process.send === undefined) await measure(Math.ceil(Number(process.argv[2] ?? 2_400) / TURNS));
else process.on('message', (load: Load) => void run(load).then((reused) => process.send?.(reused)));

/** The edge is this process and its clients another one, so that the processor time of this one is the edge's alone. */
async function measure(connections: number): Promise<void> {
  const edge = await startEdgeFixture();
  const openssl = new OpensslCertificates(edge.directory);
  const ca = openssl.selfSigned('CA');
  const middle = openssl.signed(ca, 'middle', [
    'basicConstraints=critical,CA:TRUE',
    'keyUsage=critical,keyCertSign',
  ]);
  const leaf = openssl.signed(middle, 'client');
  await edge.putHost(HOST, { anchors: [ca.cert] });
  const shown = { cert: pemOf(leaf.cert) + pemOf(middle.cert), key: pemOf(leaf.key) };
  const clients = fork(import.meta.filename, { execArgv: [] });
  const rows: string[] = [];
  for (const asks of [true, false]) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const costOf = async (resume: boolean, count: number): Promise<number> => {
        const before = process.cpuUsage();
        const load: Load = { port: edge.port, version, resume, asks, connections: count, ...shown };
        const reused = await answerOf(clients, load);
        const { user, system } = process.cpuUsage(before);
        if (reused !== (resume ? count : 0)) throw new Error(`${reused} of ${count} sessions were resumed`);
        return (user + system) / count;
      };
      for (const resume of [false, true]) await costOf(resume, WARM_UP);
      let full = Number.POSITIVE_INFINITY;
      let resumed = Number.POSITIVE_INFINITY;
      for (let turn = 0; turn < TURNS; turn += 1) {
        full = Math.min(full, await costOf(false, connections));
        resumed = Math.min(resumed, await costOf(true, connections));
      }
      const what = asks ? 'handshake and one GET' : 'handshake alone';
      const costs = `${full.toFixed(0)} | ${resumed.toFixed(0)} | ${(resumed / full).toFixed(2)}`;
      rows.push(`| ${version} | ${what} | ${costs} |`);
    }
  }
  clients.kill();
  await edge.close();
  console.log(`${describeMachine()}; the least of ${TURNS} turns of ${connections} connections each.

| version | accept to close | full, CPU us | resumed, CPU us | resumed : full |
|---|---|---|---|---|
${rows.join('\n')}`);
}

async function answerOf(clients: ReturnType<typeof fork>, load: Load): Promise<unknown> {
  const answer = once(clients, 'message');
  clients.send(load);
  const [reused] = await answer;
  return reused;
}

/** Connects one time after the other, where they resume each with the session of the first; gives how many were resumed. */
async function run({ resume, connections, asks, version, ...to }: Load): Promise<number> {
  const session = resume ? await sessionOf(version, to) : undefined;
  let reused = 0;
  for (let count = 0; count < connections; count += 1) {
    const socket = connect(optionsOf(version, to, session));
    socket.once('secureConnect', () => {
      if (socket.isSessionReused()) reused += 1;
      if (!asks) socket.end();
    });
    if (asks) socket.write(REQUEST);
    socket.resume();
    await once(socket, 'close');
  }
  return reused;
}

const REQUEST = `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;

async function sessionOf(version: SecureVersion, to: Target): Promise<Buffer> {
  const socket = connect(optionsOf(version, to));
  const [session] = await once(socket.resume(), 'session');
  socket.destroy();
  return session;
}

type Target = Pick<Load, 'port' | 'cert' | 'key'>;

function optionsOf(version: SecureVersion, { port, cert, key }: Target, session?: Buffer): ConnectionOptions {
  const versions = { minVersion: version, maxVersion: version };
  const name = { port, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false };
  return { ...name, ...versions, cert, key, ...(session === undefined ? {} : { session }) };
}
