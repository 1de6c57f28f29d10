import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, type ProbedEdge, requestText, statusOf } from './attempt-request.ts';

export type TlsVersion = '1.2' | '1.3';

/** A session taken from one name and offered to another, by the openssl command: Node's own client would never offer it there. */
export interface SessionTrial {
  readonly version: TlsVersion;
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
    const first = await sClient(edge, trial.from, [
      `-tls${trial.version.replace('.', '_')}`,
      '-sess_out',
      session,
      ...shown,
    ]);
    if (first === null) return { outcome: 'no openssl' };
    if (!existsSync(session)) return { outcome: 'none' };
    const text = await sClient(edge, trial.to, [
      `-tls${trial.version.replace('.', '_')}`,
      '-sess_in',
      session,
    ]);
    const status = statusOf(text ?? '');
    return status === null
      ? { outcome: 'refused', detail: 'the session was refused' }
      : { outcome: 'answered', status, text: text ?? '' };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Everything the command printed; null where it cannot be run. */
function sClient(edge: ProbedEdge, name: string, args: readonly string[]): Promise<string | null> {
  const at = edge.address.includes(':') ? `[${edge.address}]:${edge.port}` : `${edge.address}:${edge.port}`;
  return new Promise((resolve) => {
    const child = spawn('openssl', ['s_client', '-connect', at, '-servername', name, '-ign_eof', ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: edge.timeoutMs,
    });
    let text = '';
    child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', () => resolve(null));
    child.once('close', () => resolve(text));
    child.stdin.on('error', () => {});
    child.stdin.end(requestText(name));
  });
}
