import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../test/platform/platform.ts';
import { HOST } from './proxies.ts';

export interface Load {
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p99Ms: number;
}

/** Puts GET load on 127.0.0.1:PORT over kept HTTP/1.1 TLS connections; fails when a request did. */
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
  const pinned = (command: string, args: string[]): string[] =>
    cores === null ? [command, ...args] : ['taskset', '-c', cores, command, ...args];
  const put = async ([command = '', ...args]: string[], seconds: number): Promise<LoadResult> => {
    const { code, stdout, stderr } = await run(command, args, { timeoutMs: (seconds + 20) * 1000 });
    const report = /^REPORT (.*)$/m.exec(stdout)?.[1];
    if (code !== 0 || report === undefined) throw new Error(`load generator: ${stderr}${stdout}`);
    const { failed, ...result } = JSON.parse(report) as LoadResult & { failed: number };
    if (failed > 0) throw new Error(`${failed} of ${result.requests} requests failed`);
    return result;
  };
  if (spawnSync('wrk', ['-v']).error === undefined) {
    const script = join(directory, 'report.lua');
    writeFileSync(script, WRK_SCRIPT);
    return {
      name: 'wrk',
      put: (port, { path, connections, seconds }) =>
        put(
          pinned('wrk', [
            ...['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '10s'],
            ...['-s', script, `https://${HOST}:${port}${path}`],
          ]),
          seconds,
        ),
    };
  }
  const program = join(import.meta.dirname, 'load-main.ts');
  return {
    name: 'a Node client (wrk is not installed)',
    put: (port, { path, connections, seconds }) =>
      put(
        pinned(process.execPath, [program, HOST, String(port), path, String(connections), String(seconds)]),
        seconds,
      ),
  };
}
