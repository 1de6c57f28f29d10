import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateFiles } from '../../apps/edge/src/testing/openssl-certificates.ts';
import { run } from '../../test/platform/platform.ts';
import { type Preload, preloadEnv } from '../forwarding/client-certificate.ts';
import { type LoadResult, pinned } from '../forwarding/load.ts';
import { HOST } from '../forwarding/proxies.ts';

/** The path of the gRPC method; proxies send what begins with its service to the upstream that speaks gRPC. */
export const GRPC_PATH = '/bench.Echo/Unary';
/** A frame of 5 bytes and a message of 16. */
const GRPC_REQUEST = Buffer.concat([Buffer.from([0, 0, 0, 0, 16]), Buffer.alloc(16, 'x')]);

export interface H2Load {
  readonly path: string;
  readonly connections: number;
  readonly streams: number;
  readonly seconds: number;
  /** This many requests, however many seconds they take. */
  readonly requests?: number;
  readonly client: CertificateFiles;
}

/** Why h2load cannot be used here; null where it can. */
export function h2LoadMissing(preload: Preload): string | null {
  if (spawnSync('h2load', ['--version']).error !== undefined)
    return 'h2load (nghttp2-client) is not installed';
  return 'missing' in preload ? `h2load cannot show client certificates: ${preload.missing}` : null;
}

/** Puts HTTP/2 load on 127.0.0.1:PORT; fails when a request did. */
export async function putH2Load(
  port: number,
  { path, connections, streams, seconds, requests, client }: H2Load,
  { directory, library, cores }: { directory: string; library: string; cores: string | null },
): Promise<LoadResult> {
  const log = join(directory, 'h2load.log');
  const body = join(directory, 'grpc-request');
  rmSync(log, { force: true });
  writeFileSync(body, GRPC_REQUEST);
  const grpc = ['-d', body, '-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  const [command = '', ...args] = pinned(cores, 'h2load', [
    ...['-t', '1', '-c', String(connections), '-m', String(streams)],
    ...(requests === undefined ? ['-D', `${seconds}s`] : ['-n', String(requests)]),
    ...['--connect-to', `127.0.0.1:${port}`, '--log-file', log, ...(path === GRPC_PATH ? grpc : [])],
    `https://${HOST}:${port}${path}`,
  ]);
  const { stdout, stderr } = await run(command, args, {
    timeoutMs: (seconds + 30) * 1000,
    env: preloadEnv(library, client),
  });
  const counts = /(\d+) done, (\d+) succeeded, (\d+) failed/.exec(stdout);
  const done = Number(counts?.[1]);
  if (!(done > 0) || counts?.[2] !== counts?.[1]) throw new Error(`h2load: ${stderr}${stdout}`);
  return { requests: done, seconds, p99Ms: p99OfLog(log) };
}

/** Each line of the log is the start, the status and the duration of a request in microseconds. */
function p99OfLog(file: string): number {
  const durations = readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, , duration] = line.split('\t');
      return duration === undefined ? [] : [Number(duration)];
    })
    .sort((a, b) => a - b);
  return (durations[Math.floor(durations.length * 0.99)] ?? Number.NaN) / 1000;
}
