import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateFiles } from '../../apps/edge/src/testing/openssl-certificates.ts';
import { run } from '../../test/platform/platform.ts';
import { compilePreload, preloadEnv } from './client-certificate.ts';
import { HOST } from './proxies.ts';

export interface Load {
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  /** Bytes of a body to POST; without it each request is a GET. */
  readonly uploadBytes?: number;
  /** The certificate that the clients show. */
  readonly client?: CertificateFiles;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p99Ms: number;
}

/** Puts load on 127.0.0.1:PORT over kept HTTP/1.1 TLS connections; fails when a request did. */
export type PutLoad = (port: number, load: Load) => Promise<LoadResult>;

/** `wrk` finds HOST by a resolver that knows the system's names only; ours sends everything to 127.0.0.1. */
const WRK_SCRIPT = `
function wrk.resolve(host, service)
  wrk.addrs = wrk.lookup("127.0.0.1", service)
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('REPORT {"requests":%d,"seconds":%f,"p99Ms":%f,"failed":%d}\\n', summary.requests,
    summary.duration / 1e6, latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
`;

/** The load generator of this machine: wrk where it is installed, else a Node process, slower but equally bounded. */
export function chooseLoad(directory: string, cores: string | null): { name: string; put: PutLoad } {
  if (spawnSync('wrk', ['-v']).error !== undefined) return nodeLoad('wrk is not installed', cores);
  const preload = compilePreload(directory);
  const node = 'missing' in preload ? nodeLoad(preload.missing, cores) : null;
  return {
    name: node === null ? 'wrk' : `wrk, and with client certificates ${node.name}`,
    put: async (port, load) => {
      const { path, connections, seconds, uploadBytes = 0, client } = load;
      if (client !== undefined && node !== null) return await node.put(port, load);
      const script = join(directory, `report-${uploadBytes}.lua`);
      const upload = `wrk.method = "POST"\nwrk.body = string.rep("x", ${uploadBytes})\n`;
      writeFileSync(script, `${uploadBytes > 0 ? upload : ''}${WRK_SCRIPT}`);
      const args = [
        '-t',
        '1',
        '-c',
        String(connections),
        '-d',
        `${seconds}s`,
        '--timeout',
        '10s',
        '-s',
        script,
      ];
      return await reportOf(
        pinned(cores, 'wrk', [...args, `https://${HOST}:${port}${path}`]),
        seconds,
        client === undefined || 'missing' in preload ? {} : preloadEnv(preload.library, client),
      );
    },
  };
}

function nodeLoad(why: string, cores: string | null): { name: string; put: PutLoad } {
  const program = join(import.meta.dirname, 'load-main.ts');
  return {
    name: `a Node client (${why})`,
    put: (port, load) => {
      const args = [program, HOST, String(port), JSON.stringify(load)];
      return reportOf(pinned(cores, process.execPath, args), load.seconds);
    },
  };
}

/** A command on the given cores only. */
export function pinned(cores: string | null, command: string, args: readonly string[]): string[] {
  return cores === null ? [command, ...args] : ['taskset', '-c', cores, command, ...args];
}

/** Runs a program that ends with a line `REPORT {JSON}`; fails when one of its requests did. */
export async function reportOf(
  [command = '', ...args]: readonly string[],
  seconds: number,
  env: Record<string, string> = {},
): Promise<LoadResult> {
  const { code, stdout, stderr } = await run(command, args, { timeoutMs: (seconds + 30) * 1000, env });
  const report = /^REPORT (.*)$/m.exec(stdout)?.[1];
  if (code !== 0 || report === undefined) throw new Error(`load generator: ${stderr}${stdout}`);
  const { failed, ...result } = JSON.parse(report) as LoadResult & { failed: number };
  if (failed > 0) throw new Error(`${failed} of ${result.requests} requests failed`);
  if (result.requests === 0) throw new Error('no request was answered');
  return result;
}
