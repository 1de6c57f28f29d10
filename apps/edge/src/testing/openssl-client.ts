import { spawn } from 'node:child_process';
import type { EdgeFixture } from './edge-fixture.ts';
import type { CertificateFiles } from './openssl-certificates.ts';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, with `input` on its stdin; killed after `timeoutMs`. */
export function runCommand(
  command: string,
  args: readonly string[],
  input = '',
  timeoutMs = 90_000,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'pipe', timeout: timeoutMs });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

interface CurlOptions {
  readonly certificate?: CertificateFiles;
  readonly args?: readonly string[];
  readonly path?: string;
}

/** Asks the fixture's worker with curl, which trusts the fixture's CA; exit codes are curl's. */
export function curl(edge: EdgeFixture, host: string, options: CurlOptions = {}): Promise<CommandResult> {
  const { certificate, args = [], path = '/' } = options;
  const shown = certificate === undefined ? [] : ['--cert', certificate.cert, '--key', certificate.key];
  return runCommand('curl', [
    '--silent',
    '--show-error',
    '--max-time',
    '60',
    '--cacert',
    edge.serverCa,
    '--connect-to',
    `${host}:443:127.0.0.1:${edge.port}`,
    ...shown,
    ...args,
    `https://${host}${path}`,
  ]);
}

/** Asks for `/` over HTTP/1.1 with openssl s_client; gives everything it printed. */
export async function sClient(
  edge: Pick<EdgeFixture, 'port'>,
  host: string,
  args: readonly string[] = [],
): Promise<string> {
  const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  const connect = ['s_client', '-connect', `127.0.0.1:${edge.port}`, '-servername', host, '-ign_eof'];
  const { stdout, stderr } = await runCommand('openssl', [...connect, ...args], request);
  return stdout + stderr;
}
