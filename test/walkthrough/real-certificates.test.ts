import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeFreePorts } from '../platform/free-ports.ts';
import {
  checkout,
  findFreePorts,
  platformEnv,
  type Running,
  run,
  startPostern,
} from '../platform/platform.ts';

const readme = readFileSync(join(checkout, 'README.md'), 'utf8');
const section = /\n## Getting real certificates\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? '';
const scripts = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, script = '']) => script);
const starts = [...section.matchAll(/```\n(POSTERN_[\s\S]*?)```/g)].map(([, script = '']) => script);

let directory: string;
let servers: ChildProcess | undefined;
let platform: Running | undefined;

beforeAll(() => {
  // What the text starts are pebble and pebble-challtestsrv.
  // Below the checkout, so that `npx postern` finds the checkout's program as it does for a reader.
  mkdirSync(join(checkout, '.cache'), { recursive: true });
  directory = mkdtempSync(join(checkout, '.cache/real-certificates-'));
});
afterAll(async () => {
  await platform?.stop();
  // Its own process group: Pebble and the DNS server were started in the background.
  if (servers?.pid !== undefined) process.kill(-servers.pid, 'SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

test("README's steps with Pebble as the CA lead to a certificate that curl trusts", async () => {
  const [prepare = '', serve = '', use = ''] = scripts;
  const start = starts.find((text) => text.includes('14000')) ?? '';
  const ports = await findFreePorts();
  const [acme = 0, management = 0, dns = 0, dnsManagement = 0] = await takeFreePorts(4);
  // Only the ports differ from the text, so that the test runs beside whatever is in use.
  const ported = (text: string): string =>
    text
      .replaceAll('14000', String(acme))
      .replaceAll('15000', String(management))
      .replaceAll('8053', String(dns))
      .replaceAll('8055', String(dnsManagement))
      .replaceAll(/\b8443\b/g, String(ports.https))
      .replaceAll(/\b8080\b/g, String(ports.http));
  const prepared = await run('bash', ['-euc', ported(prepare)], { cwd: directory });
  expect(prepared.code, prepared.stderr).toBe(0);
  const cwd = join(directory, 'try-acme');
  servers = spawn('bash', ['-euc', `${ported(serve)}\nwait`], { cwd, detached: true, stdio: 'ignore' });
  const variables = [...ported(start).matchAll(/(POSTERN_[A-Z_]+)=(\S+)/g)];
  expect(variables).toHaveLength(4);
  const env = {
    ...platformEnv(directory, ports),
    ...Object.fromEntries(variables.map(([, name, value = '']) => [name, value.replace('$PWD', directory)])),
  };
  platform = await startPostern(['up', '--demo'], env, /Postern is ready/);
  const used = await run('bash', ['-euc', ported(use)], { cwd, env, timeoutMs: 100_000 });
  expect(used.code, used.stdout + used.stderr + platform.output()).toBe(0);
  expect(used.stdout).toContain('"path":"/hello"');
}, 120_000);
