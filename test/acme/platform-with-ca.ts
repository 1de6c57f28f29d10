import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findFreePorts,
  type Output,
  type Platform,
  platformEnv,
  postern,
  run,
  startPostern,
} from '../platform/platform.ts';
import { type ChallengeServer, startChallengeServer } from './challtestsrv.ts';
import { type Pebble, type PebbleOptions, startPebble } from './pebble.ts';

/** A whole platform that gets its certificates from a Pebble, whose challenges its edge answers. */
export interface PlatformWithCa extends AsyncDisposable {
  readonly platform: Pick<Platform, 'directory' | 'ports' | 'env' | 'running' | 'postern'>;
  readonly pebble: Pebble;
  readonly dns: ChallengeServer;
  readonly rootFile: string;
  /** curl, with Pebble's root as the only one it trusts, to a host of the edge. */
  curl(host: string, ...args: string[]): Promise<Output>;
}

export async function startPlatformWithCa(
  pebbleOptions: Partial<PebbleOptions>,
  env: Record<string, string> = {},
): Promise<PlatformWithCa> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-acme-platform-'));
  const ports = await findFreePorts();
  const dns = await startChallengeServer();
  const pebble = await startPebble({
    dnsServer: dns.dns,
    httpPort: ports.http,
    tlsPort: ports.https,
    ...pebbleOptions,
  });
  const whole = {
    ...platformEnv(directory, ports),
    POSTERN_ACME_DIRECTORY_URL: pebble.directoryUrl,
    POSTERN_ACME_CA_BUNDLE: pebble.bundleFile,
    POSTERN_DNS_SERVERS: dns.dns,
    POSTERN_EDGE_PUBLIC_ADDRESSES: '127.0.0.1',
    ...env,
  };
  const running = await startPostern(['up', '--demo'], whole, /Postern is ready/);
  const rootFile = join(directory, 'root.pem');
  writeFileSync(rootFile, await pebble.rootPem());
  return {
    platform: { directory, ports, env: whole, running, postern: (args, cwd) => postern(args, whole, cwd) },
    pebble,
    dns,
    rootFile,
    curl: (host, ...args) =>
      run('curl', [
        ...['--silent', '--show-error', '--max-time', '20', '--cacert', rootFile],
        ...['--resolve', `${host}:${ports.https}:127.0.0.1`, ...args, `https://${host}:${ports.https}/`],
      ]),
    async [Symbol.asyncDispose]() {
      await running.stop();
      await pebble[Symbol.asyncDispose]();
      await dns[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
