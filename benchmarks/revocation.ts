import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { createClient } from '@postern/client';
import { createDevAuthority, issueDevCertificate } from '@postern/pki';
import { startPlatform } from '../test/platform/platform.ts';
import { describeMachine } from './machine.ts';

// How long after the API's answer does a revocation hold, or the removal of a CA? Run: npm run bench:revocation [-- ROUNDS [WORKERS]]
const rounds = Number(process.argv[2] ?? 200);
const workers = Number(process.argv[3] ?? 2);
const HOST = 'measured.localhost';
/** Connections open at each revocation; the kernel spreads them over the workers. */
const CONNECTIONS = 6;
const TIMEOUT_MS = 10_000;

await using platform = await startPlatform(() => ({ POSTERN_EDGE_WORKERS: String(workers) }));
const client = createClient({
  url: `http://127.0.0.1:${platform.ports.api}`,
  token: readFileSync(join(platform.directory, 'data/admin-token'), 'utf8').trim(),
  timeoutMs: 10_000,
});
const now = Date.now();
const authority = await createDevAuthority({ name: 'Measured CA', now, days: 30 });
const leaf = await issueDevCertificate({
  ...{ role: 'client', name: 'measured.acme.org', alternativeNames: [], days: 9, now },
  issuer: authority,
});
const caFile = join(platform.directory, 'measured-ca.crt');
writeFileSync(caFile, authority.certPem);
for (const args of [
  ['secret', 'create', 'tls-ca', 'measured-ca', '--cert', caFile],
  [
    'route',
    'create',
    'measured',
    '--hostname',
    HOST,
    '--path',
    '/=echo',
    '--client-ca-secret',
    'measured-ca',
  ],
]) {
  const { code, stderr } = await platform.postern(args);
  if (code !== 0) throw new Error(stderr);
}

/** A connection that has been answered once; null where the handshake or the request is refused. */
async function open(): Promise<TLSSocket | null> {
  const socket = connect({
    ...{ host: '127.0.0.1', port: platform.ports.https, servername: HOST, ALPNProtocols: ['http/1.1'] },
    ...{ cert: leaf.certPem, key: leaf.keyPem, rejectUnauthorized: false },
  });
  socket.on('error', () => {});
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  const answer = await new Promise<string>((resolve) => {
    socket.once('data', (data) => resolve(data.toString('latin1')));
    socket.once('close', () => resolve(''));
  });
  if (answer.startsWith('HTTP/1.1 200')) return socket;
  socket.destroy();
  return null;
}

/** Asks with new handshakes until one is admitted, or refused; gives the milliseconds since `since`. */
async function until(admitted: boolean, since: number): Promise<number> {
  for (;;) {
    const socket = await open();
    const afterMs = performance.now() - since;
    socket?.destroy();
    if ((socket !== null) === admitted) return afterMs;
    if (afterMs > TIMEOUT_MS) throw new Error(`still ${admitted ? 'refused' : 'admitted'}`);
  }
}

/** Takes the client's admission away and gives it back, again and again; milliseconds after the answers of the API. */
async function measure(take: () => Promise<unknown>, give: () => Promise<unknown>) {
  const refusedMs: number[] = [];
  const endedMs: number[] = [];
  const admittedMs: number[] = [];
  await until(true, performance.now());
  for (let round = 0; round < rounds; round += 1) {
    const opened = await Promise.all(Array.from({ length: CONNECTIONS }, open));
    const sockets = opened.filter((socket) => socket !== null);
    if (sockets.length !== CONNECTIONS) throw new Error('a client that should be admitted was refused');
    const ends = sockets.map((socket) => once(socket.resume(), 'close'));
    await take();
    const answeredAt = performance.now();
    const ended = Promise.all(ends).then(() => performance.now() - answeredAt);
    refusedMs.push(await until(false, answeredAt));
    endedMs.push(await ended);
    await give();
    admittedMs.push(await until(true, performance.now()));
  }
  return { refusedMs, endedMs, admittedMs };
}

const loadBefore = loadavg()[0] ?? 0;
let revocation = '';
const revoked = await measure(
  async () => {
    const { resource } = await client.revocations.create('default', {
      client: { by: 'subject', subject: 'measured.acme.org' },
    });
    revocation = resource.id;
  },
  () => client.revocations.delete('default', revocation),
);
const stranger = await createDevAuthority({ name: 'Another CA', now, days: 30 });
const putCa = (cert: string) =>
  client.secrets.put('default', 'measured-ca', { secret: { type: 'tls-ca', cert } });
const removed = await measure(
  () => putCa(stranger.certPem),
  () => putCa(authority.certPem),
);

function quantile(values: readonly number[], q: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(1);
}
const row = (name: string, values: readonly number[]): string =>
  `| ${name} | ${quantile(values, 0.5)} | ${quantile(values, 0.99)} | ${quantile(values, 1)} |`;
console.log(`${describeMachine()}; load ${loadBefore.toFixed(1)} at the start.
${rounds} rounds, ${workers} workers, ${CONNECTIONS} kept connections in each.

| milliseconds after the API's answer | p50 | p99 | max |
|---|---|---|---|
${row('revoked: a new handshake is refused', revoked.refusedMs)}
${row('revoked: the last open HTTP/1.1 connection has ended', revoked.endedMs)}
${row('taken back: a new handshake is admitted', revoked.admittedMs)}
${row('CA removed: a new handshake is refused', removed.refusedMs)}
${row('CA removed: the last open HTTP/1.1 connection has ended', removed.endedMs)}
${row('CA put back: a new handshake is admitted', removed.admittedMs)}`);
