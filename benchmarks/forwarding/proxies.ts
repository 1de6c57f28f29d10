import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Running, startPlatform, startProcess } from '../../test/platform/platform.ts';
import { workerPidsOf } from '../worker-processes.ts';

export const HOST = 'bench.localhost';
export const PEERS = ['http-proxy', 'http-proxy-3'] as const;
export type Peer = (typeof PEERS)[number];

/** A proxy under measurement: HTTPS for HOST on 127.0.0.1. */
export interface MeasuredProxy {
  readonly name: string;
  readonly port: number;
  /** The process that forwards. */
  readonly pid: number;
}

/** What a peer's program is told. */
export interface PeerOptions extends Certificate {
  readonly peer: Peer;
  readonly target: string;
  readonly protocol: 'http1' | 'http2';
  /** PEM file of the CA whose clients alone are admitted; everybody is without it. */
  readonly clientCa?: string;
  /** Each request is logged to it; none is without it. */
  readonly logFile?: string;
}

/** What the platform's route to the upstream is besides open. */
interface PosternOptions {
  /** PEM file of the CA, and the name that a client's certificate must bear. */
  readonly admission?: { readonly clientCa: string; readonly subject: string };
  /** Where requests below a path prefix go instead, over h2c. */
  readonly grpc?: { readonly prefix: string; readonly port: number };
  readonly logFile?: string;
  /** Variables of all its processes. */
  readonly env?: Record<string, string>;
}

/** A self-signed P-256 certificate for HOST in two PEM files. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export function makeCertificate(directory: string): Certificate {
  const certFile = join(directory, 'cert.pem');
  const keyFile = join(directory, 'key.pem');
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', keyFile, '-out', certFile, '-subj', `/CN=${HOST}`],
      ...['-addext', `subjectAltName=DNS:${HOST}`],
    ],
    { stdio: 'pipe' },
  );
  return { certFile, keyFile };
}

/** Runs one of the programs beside this file that print `listening PORT`, `words` before its command; it is stopped with the stack. */
export async function startListening(
  stack: AsyncDisposableStack,
  program: string,
  args: readonly string[],
  words: readonly string[] = [],
): Promise<{ port: number; running: Running }> {
  const [command = process.execPath, ...rest] = [
    ...words,
    ...[process.execPath, join(import.meta.dirname, program), ...args],
  ];
  const running = await startProcess(command, rest, {}, /listening \d+/);
  stack.defer(async () => {
    await running.stop('SIGKILL');
  });
  return { port: Number(/listening (\d+)/.exec(running.output())?.[1]), running };
}

export async function startPeer(
  stack: AsyncDisposableStack,
  options: PeerOptions,
  words: readonly string[] = [],
): Promise<MeasuredProxy & { running: Running }> {
  const { port, running } = await startListening(stack, 'peer-main.ts', [JSON.stringify(options)], words);
  return { name: options.peer, port, pid: running.process.pid ?? 0, running };
}

/** A whole platform with one edge worker, and a route to the upstream made with its own commands. */
export async function startPostern(
  stack: AsyncDisposableStack,
  { certFile, keyFile }: Certificate,
  upstreamPort: number,
  { admission, grpc, logFile = 'off', env = {} }: PosternOptions = {},
): Promise<MeasuredProxy> {
  const platform = stack.use(
    await startPlatform(() => ({ POSTERN_EDGE_WORKERS: '1', POSTERN_ACCESS_LOG: logFile, ...env })),
  );
  const admitting =
    admission === undefined
      ? []
      : ['--client-ca-secret', 'clients', '--client-certificate-subject', admission.subject];
  for (const args of [
    // A counted worker stands still for seconds now and then.
    [
      'service',
      'create',
      'bench',
      '--target',
      `http://127.0.0.1:${upstreamPort}`,
      '--connect-timeout',
      '60s',
    ],
    ...(grpc === undefined
      ? []
      : [['service', 'create', 'grpc', '--target', `h2c://127.0.0.1:${grpc.port}`]]),
    ['secret', 'create', 'tls', 'bench', '--cert', certFile, '--key', keyFile],
    ...(admission === undefined
      ? []
      : [['secret', 'create', 'tls-ca', 'clients', '--cert', admission.clientCa]]),
    [
      ...['route', 'create', 'bench', '--hostname', HOST, '--path', '/=bench'],
      ...(grpc === undefined ? [] : ['--path', `${grpc.prefix}=grpc`]),
      ...['--server-certificate-secret', 'bench', ...admitting],
    ],
  ]) {
    const { code, stderr } = await platform.postern(args);
    if (code !== 0) throw new Error(`postern ${args.join(' ')}: ${stderr}`);
  }
  const [pid] = workerPidsOf(platform.running.process.pid ?? 0);
  if (pid === undefined) throw new Error('the platform has no edge worker');
  return { name: 'postern', port: platform.ports.https, pid };
}
