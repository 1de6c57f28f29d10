import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type ConnectionOptions, connect, type SecureVersion } from 'node:tls';
import { startEdgeFixture } from '../apps/edge/src/testing/edge-fixture.ts';
import { OpensslCertificates, pemOf } from '../apps/edge/src/testing/openssl-certificates.ts';
import { describeMachine } from './machine.ts';

// What does a resumed handshake cost a protected host, beside a full one? Run: npm run bench:resumption [-- ROUNDS]
const HOST = 'a.example';
const WARM_UP = 200;

/** What the clients' process is told. */
interface Load {
  readonly port: number;
  readonly version: SecureVersion;
  readonly resume: boolean;
  readonly rounds: number;
  readonly cert: string;
  readonly key: string;
}

if (process.send === undefined) await measure(Number(process.argv[2] ?? 1_000));
else process.on('message', (load: Load) => void run(load).then((reused) => process.send?.(reused)));

/** The edge is this process and its clients another one, so that the processor time of this one is the edge's alone. */
async function measure(rounds: number): Promise<void> {
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
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const costs: number[] = [];
    for (const resume of [false, true]) {
      const load = { port: edge.port, version, resume, ...shown };
      await answerOf(clients, { ...load, rounds: WARM_UP });
      const before = process.cpuUsage();
      const reused = await answerOf(clients, { ...load, rounds });
      const { user, system } = process.cpuUsage(before);
      if (reused !== (resume ? rounds : 0)) throw new Error(`${reused} of ${rounds} sessions were resumed`);
      costs.push((user + system) / rounds);
    }
    const [full = 0, resumed = 0] = costs;
    rows.push(`| ${version} | ${full.toFixed(0)} | ${resumed.toFixed(0)} | ${(resumed / full).toFixed(2)} |`);
  }
  clients.kill();
  await edge.close();
  console.log(`${describeMachine()}; ${rounds} connections each.

| with one GET | full, CPU us | resumed, CPU us | resumed : full |
|---|---|---|---|
${rows.join('\n')}`);
}

async function answerOf(clients: ReturnType<typeof fork>, load: Load): Promise<unknown> {
  const answer = once(clients, 'message');
  clients.send(load);
  const [reused] = await answer;
  return reused;
}

/** Connects one time after the other, each with the session of the one before where they resume; gives how many were resumed. */
async function run({ port, version, resume, rounds, cert, key }: Load): Promise<number> {
  let session: Buffer | undefined;
  let reused = 0;
  for (let round = resume ? -1 : 0; round < rounds; round += 1) {
    const options: ConnectionOptions = {
      port,
      host: '127.0.0.1',
      servername: HOST,
      rejectUnauthorized: false,
    };
    const socket = connect({
      ...options,
      ...{ cert, key, minVersion: version, maxVersion: version },
      ...(session === undefined ? {} : { session }),
    });
    socket.on('session', (given) => {
      if (resume) session = given;
    });
    socket.once('secureConnect', () => {
      if (socket.isSessionReused()) reused += 1;
    });
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
    socket.resume();
    await once(socket, 'close');
  }
  return reused;
}
