import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Platform, startPlatform } from '../platform/platform.ts';

let platform: Platform;
let isThere = true;
const source = createServer((_, response) => {
  if (isThere) response.end(readFileSync(join(platform.directory, 'list.der')));
  else response.writeHead(503).end();
});

beforeAll(async () => {
  platform = await startPlatform();
  const config =
    '[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=7\n';
  writeFileSync(join(platform.directory, 'ca.cnf'), config);
  const script = `touch index.txt; echo 1A > crlnumber
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 9 -subj /CN=acme
    openssl ca -config ca.cnf -gencrl -cert ca.crt -keyfile ca.key | openssl crl -outform DER -out list.der`;
  execFileSync('bash', ['-euc', script], { cwd: platform.directory, stdio: 'pipe' });
  source.listen(0, '127.0.0.1');
  await once(source, 'listening');
});
afterAll(async () => {
  source.close();
  await platform?.[Symbol.asyncDispose]();
});

test('a list is fetched once it is named, and on demand; what goes wrong is told and leaves it as it is', async () => {
  const secret = (...args: string[]) => platform.postern(['secret', ...args]);
  await secret('create', 'tls-ca', 'acme', '--cert', join(platform.directory, 'ca.crt'));
  const url = `http://127.0.0.1:${(source.address() as AddressInfo).port}/acme.crl`;
  const created = await secret('create', 'crl', 'acme-list', '--tls-ca', 'acme', '--url', url);
  expect(created, created.stderr).toMatchObject({ code: 0, stdout: 'Secret acme-list created\n' });
  expect(created.stderr).toContain('it is fetched: number 1a, 0 entries, it holds until');
  const again = await secret('refresh', 'acme-list');
  expect(again.stdout).toContain('List acme-list: number 1a');
  isThere = false;
  const failed = await secret('refresh', 'acme-list');
  expect(failed.code).toBe(7);
  expect(failed.stderr).toContain('the server answered 503; the present list stays');
  const { stdout, stderr } = await secret('get', 'acme-list');
  expect(stdout).toMatch(/State: +fresh/);
  expect(stdout).toMatch(/Last error: +the server answered 503/);
  expect(stderr).toContain('the last try failed');
  expect((await secret('refresh', 'acme')).code).toBe(3);
});
