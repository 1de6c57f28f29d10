import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Files } from '../pki/openssl-files.ts';

export interface Attempt {
  readonly port: number;
  readonly serverName: string;
  /** Host or :authority of the request. */
  readonly authority: string;
  readonly path: string;
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
 * refused. openssl is used because it offers a session to any host, which Node's own client would not.
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
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
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

function http1Request({ authority, path }: Attempt): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`;
}

/** Preface, SETTINGS and one HEADERS frame with literal fields (RFC 9113 section 3.4, RFC 7541 section 6.2.2). */
function http2Request({ authority, path }: Attempt): Buffer {
  const fields = Object.entries({
    ':method': 'GET',
    ':scheme': 'https',
    ':authority': authority,
    ':path': path,
  });
  const block = Buffer.concat(
    fields.map(([name, value]) =>
      Buffer.concat([
        Buffer.from([0, name.length]),
        Buffer.from(name),
        Buffer.from([value.length]),
        Buffer.from(value),
      ]),
    ),
  );
  const endStreamAndHeaders = 0x5;
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(4, 0, 0, Buffer.alloc(0)),
    frame(1, endStreamAndHeaders, 1, block),
  ]);
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** True once stream 1 has ended, was reset, or the session goes away. */
function isHttp2AnswerComplete(bytes: Buffer): boolean {
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) return false;
    const type = bytes.readUInt8(at + 3);
    const flags = bytes.readUInt8(at + 4);
    const stream = bytes.readUInt32BE(at + 5);
    const endsStream = (type === 0 || type === 1) && (flags & 1) === 1;
    if ((stream === 1 && (endsStream || type === 3)) || type === 7) return true;
    at = end;
  }
  return false;
}
