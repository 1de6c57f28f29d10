import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { EdgeFixture } from '../../testing/edge-fixture.ts';
import type { CertificateFiles } from '../../testing/openssl-certificates.ts';

interface ClientOptions {
  readonly certificate?: CertificateFiles;
  /** Offered by ALPN; HTTP/1.1 where nothing is said. */
  readonly protocol?: 'h2' | 'http/1.1';
}

/** A TLS connection to the fixture's worker for one name. */
export function openTls(edge: EdgeFixture, sni: string, options: ClientOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      ...tlsOptions(edge, sni, options),
      ALPNProtocols: [options.protocol ?? 'http/1.1'],
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

/** Milliseconds. Silence is counted in steps, so that time in which nothing of this process ran is not taken for it. */
const STEP_MS = 20;

/**
 * Sends bytes as they are and gives all that comes until the edge closes, or until `waitMs` without a byte. Where no `waitMs` is said,
 * something must come: 20 s for the first byte, then 400 ms without one.
 */
export async function sendRaw(
  edge: EdgeFixture,
  sni: string,
  bytes: string,
  options: ClientOptions & { waitMs?: number } = {},
): Promise<{ text: string; closed: boolean }> {
  const socket = await openTls(edge, sni, options);
  let text = '';
  const result = await new Promise<{ text: string; closed: boolean }>((resolve) => {
    const settle = (closed: boolean): void => {
      clearInterval(steps);
      resolve({ text, closed });
    };
    let leftMs = options.waitMs ?? 20_000;
    const steps = setInterval(() => {
      leftMs -= STEP_MS;
      if (leftMs <= 0) settle(false);
    }, STEP_MS);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      leftMs = options.waitMs ?? 400;
    });
    socket.once('end', () => settle(true));
    socket.once('close', () => settle(true));
    socket.write(bytes, 'latin1');
  });
  socket.destroy();
  return result;
}

/** An HTTP/2 session with the fixture's worker for one name. */
export function openHttp2(edge: EdgeFixture, sni: string, options: ClientOptions = {}): ClientHttp2Session {
  const session = connectHttp2(`https://${sni}`, {
    createConnection: () => connectTls({ ...tlsOptions(edge, sni, options), ALPNProtocols: ['h2'] }),
  });
  session.on('error', () => undefined);
  return session;
}

export interface Http2Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
  readonly trailers: Record<string, unknown>;
  readonly rstCode: number;
}

/** One request on a session to its end. Fields are a flat list, pseudo-header fields included. */
export function ask(
  session: ClientHttp2Session,
  fields: readonly string[],
  body?: string | Buffer,
): Promise<Http2Answer> {
  return new Promise((resolve) => {
    const stream = session.request([...fields], { endStream: body === undefined });
    let headers: Record<string, unknown> = {};
    let trailers: Record<string, unknown> = {};
    let text = '';
    stream.on('response', (got) => {
      headers = { ...got };
    });
    stream.on('trailers', (got) => {
      trailers = { ...got };
    });
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('error', () => undefined);
    stream.on('close', () => {
      resolve({
        status: Number(headers[':status'] ?? 0),
        headers,
        body: text,
        trailers,
        rstCode: stream.rstCode,
      });
    });
    if (body !== undefined) stream.end(body);
  });
}

/** Pseudo-header fields of a GET. */
export function get(authority: string, path = '/'): string[] {
  return [':method', 'GET', ':scheme', 'https', ':authority', authority, ':path', path];
}

function tlsOptions(edge: EdgeFixture, sni: string, { certificate }: ClientOptions) {
  return {
    host: '127.0.0.1',
    port: edge.port,
    servername: sni,
    ca: readFileSync(edge.serverCa),
    ...(certificate === undefined
      ? {}
      : { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }),
  };
}
