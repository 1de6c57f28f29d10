import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Files } from '../pki/openssl-files.ts';
import { http1Request, http2Request, isHttp2AnswerComplete, type RawRequest } from './raw-request.ts';

export interface Attempt extends RawRequest {
  readonly port: number;
  readonly serverName: string;
  readonly tls: '1.2' | '1.3';
  readonly protocol: 'h2' | 'http/1.1';
  readonly client: Files | null;
  /** Session to offer, a file of a former attempt. */
  readonly sessionIn?: string | undefined;
  /** Where to write the session that is got. */
  readonly sessionOut?: string | undefined;
  readonly address?: string;
}

/**
 * Makes one connection with `openssl s_client` and sends one GET over it. Gives the raw answer; empty when the server
 * refused. For what TLS names and sessions a client of another make sends; tls-client.ts is the cheaper one for many cells.
 */
export async function attempt(options: Attempt): Promise<Buffer> {
  const { client, sessionIn, sessionOut } = options;
  const child = spawn(
    'openssl',
    [
      ...['s_client', '-quiet', '-ign_eof'],
      ...['-connect', `${options.address ?? '127.0.0.1'}:${options.port}`, '-servername', options.serverName],
      ...['-alpn', options.protocol, options.tls === '1.2' ? '-tls1_2' : '-tls1_3'],
      ...(client === null ? [] : ['-cert', client.cert, '-key', client.key]),
      ...(client?.chain === undefined ? [] : ['-cert_chain', client.chain]),
      ...(sessionIn !== undefined && existsSync(sessionIn) ? ['-sess_in', sessionIn] : []),
      ...(sessionOut === undefined ? [] : ['-sess_out', sessionOut]),
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  child.stdin.on('error', () => {});
  child.stdin.write(options.protocol === 'h2' ? http2Request(options) : http1Request(options));
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (options.protocol === 'h2' && isHttp2AnswerComplete(Buffer.concat(chunks))) child.kill();
  });
  await ended;
  clearTimeout(timer);
  return Buffer.concat(chunks);
}
