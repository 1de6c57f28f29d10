import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, answerOf, readText, requestText } from './attempt-request.ts';
import { http2Request, pageOf, readHttp2 } from './http2-frames.ts';
import type { ProbedEdge } from './open-tls.ts';

export type TlsVersion = '1.2' | '1.3';

/** A session taken from one name and offered to another, by the openssl command: Node's own client would never offer it there. */
export interface SessionTrial {
  readonly version: TlsVersion;
  /** In which the host is asked under the session. */
  readonly protocol: 'http/1.1' | 'h2';
  readonly from: string;
  /** Shows the client certificate where the session is begun; it is never shown where it is offered. */
  readonly withClient: boolean;
  readonly to: string;
}

/** `none`: no session was given out; `no openssl`: the command is not there. */
export type TrialOutcome = { readonly outcome: 'none' } | { readonly outcome: 'no openssl' } | Answer;

/** Takes a session and offers it, without a certificate. Never rejects; its files, readable by the user alone, are gone afterwards. */
export async function trySession(edge: ProbedEdge, trial: SessionTrial): Promise<TrialOutcome> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-probe-'));
  try {
    const session = join(directory, 'session');
    const shown: string[] = [];
    if (trial.withClient && edge.client !== null) {
      const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
      writeFileSync(cert, edge.client.certPem, { mode: 0o600 });
      writeFileSync(key, edge.client.keyPem, { mode: 0o600 });
      // -cert_chain takes the leaf too and sends what lies above it.
      shown.push('-cert', cert, '-key', key, '-cert_chain', cert);
    }
    const version = `-tls${trial.version.replace('.', '_')}`;
    const first = await sClient(edge, trial.from, requestText(trial.from), [
      ...[version, '-sess_out', session],
      ...shown,
    ]);
    if (first === null) return { outcome: 'no openssl' };
    if (!existsSync(session)) return { outcome: 'none' };
    const isHttp2 = trial.protocol === 'h2';
    const request = isHttp2 ? http2Request(pageOf(trial.to)) : requestText(trial.to);
    const offered = [version, '-sess_in', session, '-quiet', ...(isHttp2 ? ['-alpn', 'h2'] : [])];
    const bytes = (await sClient(edge, trial.to, request, offered)) ?? Buffer.alloc(0);
    return answerOf(isHttp2 ? readHttp2(bytes) : readText(bytes), 'the session was refused');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Everything the server sent, and before it what the command says where it is not told to be quiet; null where it cannot be run. */
function sClient(
  edge: ProbedEdge,
  name: string,
  request: string | Buffer,
  args: readonly string[],
): Promise<Buffer | null> {
  const at = edge.address.includes(':') ? `[${edge.address}]:${edge.port}` : `${edge.address}:${edge.port}`;
  return new Promise((resolve) => {
    const child = spawn('openssl', ['s_client', '-connect', at, '-servername', name, '-ign_eof', ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: edge.timeoutMs,
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      // A connection of HTTP/2 would stay open.
      if (readHttp2(Buffer.concat(chunks)).ended) child.kill();
    });
    child.once('error', () => resolve(null));
    child.once('close', () => resolve(Buffer.concat(chunks)));
    child.stdin.on('error', () => {});
    child.stdin.end(request);
  });
}
