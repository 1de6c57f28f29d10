import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type Check, check } from '../check.ts';
import type { ProbedEdge } from './open-tls.ts';

const WEAK_SUITES = [
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'AES128-GCM-SHA256',
  'AES128-SHA',
].join(':');

/** Looks for versions, suites and a renegotiation that an edge should no longer offer. No certificate is needed for it. */
export async function checkProtocol(edge: ProbedEdge): Promise<Check[]> {
  const old = await open(edge, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' });
  const weak = await open(edge, { maxVersion: 'TLSv1.2', ciphers: WEAK_SUITES });
  const checks = [
    old === null
      ? check('old versions', 'pass', 'TLS 1.0 and 1.1 are refused')
      : check('old versions', 'fail', `${old.getProtocol()} was accepted`, 'allow TLS 1.2 and 1.3 alone'),
    weak === null
      ? check('weak suites', 'pass', 'CBC suites and RSA key exchange are refused')
      : check(
          'weak suites',
          'fail',
          `${weak.getCipher().name} was accepted`,
          'allow AEAD suites with forward secrecy alone',
        ),
  ];
  old?.destroy();
  weak?.destroy();
  return [...checks, await checkVersions(edge), await checkRenegotiation(edge)];
}

/** Whether the present version is spoken; nothing is wrong with a server that speaks no other. */
async function checkVersions(edge: ProbedEdge): Promise<Check> {
  const name = 'TLS 1.3';
  const newest = await open(edge, { minVersion: 'TLSv1.3' });
  if (newest === null)
    return check(name, 'warn', 'it is refused', 'allow TLS 1.3: client certificates go in clear in TLS 1.2');
  const suite = newest.getCipher().name;
  newest.destroy();
  return check(name, 'pass', `accepted with ${suite}`);
}

async function checkRenegotiation(edge: ProbedEdge): Promise<Check> {
  const name = 'renegotiation';
  const asked: string[] = [];
  for (const protocol of ['http/1.1', 'h2']) {
    const socket = await open(edge, { maxVersion: 'TLSv1.2', ALPNProtocols: [protocol] });
    if (socket === null) continue;
    const isTaken = await renegotiate(socket, Math.min(edge.timeoutMs, RENEGOTIATION_MS_MAX));
    socket.destroy();
    if (isTaken)
      return check(
        name,
        'fail',
        `a client may renegotiate within TLS 1.2 (${protocol})`,
        'set SSL_OP_NO_RENEGOTIATION: each costs the server a handshake, and checks may not run again',
      );
    asked.push(protocol);
  }
  return asked.length === 0
    ? check(name, 'skip', 'no connection of TLS 1.2 stays open', 'give --cert and --key')
    : check(name, 'pass', `a client that renegotiates is refused (${asked.join(', ')})`);
}

/** Milliseconds; a server that refuses may just say nothing. */
const RENEGOTIATION_MS_MAX = 3_000;

function renegotiate(socket: TLSSocket, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(false), timeoutMs);
    const finish = (outcome: boolean) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    socket.once('close', () => finish(false));
    if (socket.renegotiate({}, (error) => finish(error === null)) === false) finish(false);
  });
}

/** A connection whose handshake has come to its end; null where it was refused. */
function open(edge: ProbedEdge, options: ConnectionOptions): Promise<TLSSocket | null> {
  const { client, host, address, port, timeoutMs } = edge;
  return new Promise((resolve) => {
    const socket = connect({
      host: address,
      port,
      servername: host,
      rejectUnauthorized: false,
      ...(client === null ? {} : { cert: client.certPem, key: client.keyPem }),
      ...options,
    });
    const timer = setTimeout(() => finish(null), timeoutMs);
    const finish = (outcome: TLSSocket | null) => {
      clearTimeout(timer);
      if (outcome === null) socket.destroy();
      resolve(outcome);
    };
    socket.on('error', () => finish(null));
    socket.once('close', () => finish(null));
    socket.once('secureConnect', () => finish(socket));
  });
}
