import { readFileSync } from 'node:fs';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { Files } from '../pki/openssl-files.ts';
import { http1Request, http2Request, isHttp2AnswerComplete, type RawRequest } from './raw-request.ts';

export const TLS_VERSIONS = ['1.2', '1.3'] as const;
/** `none` offers no ALPN and speaks HTTP/1.1. */
export const PROTOCOLS = ['http/1.1', 'h2', 'none'] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];
export type Protocol = (typeof PROTOCOLS)[number];

/** The handshake that a client offers. */
export interface Offer {
  readonly port: number;
  readonly address?: string;
  readonly serverName: string;
  readonly tls: TlsVersion;
  readonly protocol: Protocol;
  readonly client: Files | null;
  /** Session to offer, of whichever host it is: OpenSSL does not look at the name (a test below holds this). */
  readonly session?: Buffer | undefined;
}

export interface Outcome {
  /** What was answered; empty when the server refused. */
  readonly answer: Buffer;
  /** The last session that the server gave. */
  readonly session: Buffer | null;
  readonly resumed: boolean;
}

const TIMEOUT_MS = 60_000;
const contexts = new Map<string, SecureContext>();

/** Credentials are read once for each client and version. */
function contextOf({ tls, client }: Offer): SecureContext {
  const key = `${tls} ${client?.cert}`;
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const version = tls === '1.2' ? 'TLSv1.2' : 'TLSv1.3';
  const chain = [client?.cert, client?.chain].filter((file) => file !== undefined);
  const made = createSecureContext({
    minVersion: version,
    maxVersion: version,
    ...(client === null
      ? {}
      : { cert: chain.map((file) => readFileSync(file, 'utf8')).join(''), key: readFileSync(client.key) }),
  });
  contexts.set(key, made);
  return made;
}

/** Starts a handshake; whatever the server shows is accepted. Errors are left to `close`. */
export function offerTls(offer: Offer): TLSSocket {
  const socket = connect({
    host: offer.address ?? '127.0.0.1',
    port: offer.port,
    servername: offer.serverName,
    secureContext: contextOf(offer),
    rejectUnauthorized: false,
    ...(offer.protocol === 'none' ? {} : { ALPNProtocols: [offer.protocol] }),
    ...(offer.session === undefined ? {} : { session: offer.session }),
  });
  socket.on('error', () => {});
  return socket;
}

/** Makes one connection and sends one GET over it; rejects when the server neither answers nor closes. */
export async function attemptTls(offer: Offer & RawRequest): Promise<Outcome> {
  const socket = offerTls(offer);
  let answer: Buffer = Buffer.alloc(0);
  let session: Buffer | null = null;
  let resumed = false;
  socket.once('secureConnect', () => {
    resumed = socket.isSessionReused();
  });
  socket.on('session', (bytes: Buffer) => {
    session = bytes;
  });
  socket.on('data', (chunk: Buffer) => {
    answer = Buffer.concat([answer, chunk]);
    if (offer.protocol === 'h2' && isHttp2AnswerComplete(answer)) socket.destroy();
  });
  socket.write(offer.protocol === 'h2' ? http2Request(offer) : http1Request(offer));
  await new Promise<void>((done, fail) => {
    const timer = setTimeout(() => {
      fail(new Error(`${offer.serverName} neither answers nor closes`));
      socket.destroy();
    }, TIMEOUT_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      done();
    });
  });
  return { answer, session, resumed };
}
