import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runPostern } from '../../testing/cli-harness.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-dev-cert-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** No configuration, no API: nothing of either is needed. */
function devCert(...args: string[]) {
  return runPostern(['dev-cert', ...args, '--out-dir', directory], {
    env: { POSTERN_CONFIG: join(directory, 'none/config.yaml') },
  });
}

function openssl(...args: string[]): string {
  return execFileSync('openssl', args, {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('a CA and what it issues are files that openssl verifies, keys are private, and the next commands are told', async () => {
  const ca = await devCert('ca', 'my-root-ca');
  expect(ca).toMatchObject({ code: 0, stdout: expect.stringContaining(join(directory, 'my-root-ca.crt')) });
  expect(ca.stderr).toContain(
    `postern secret create tls-ca my-root-ca --cert ${join(directory, 'my-root-ca.crt')}`,
  );
  const path = join(directory, 'my-root-ca');
  const client = await devCert(
    'client',
    'device 7',
    '--ca',
    path,
    '--dns',
    'd7.acme.org',
    '--days',
    '7',
    '-o',
    'name',
  );
  const files = ['device_7.crt', 'device_7.key'].map((file) => join(directory, file));
  expect(client).toMatchObject({ code: 0, stdout: `${files.join('\n')}\n`, stderr: '' });
  const server = await devCert('server', '*.acme.org', '--ca', path, '--json');
  expect(JSON.parse(server.stdout)).toMatchObject({ cert: join(directory, 'wildcard.acme.org.crt') });

  expect(
    openssl('verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', 'my-root-ca.crt', 'device_7.crt'),
  ).toContain('OK');
  expect(openssl('x509', '-in', 'device_7.crt', '-noout', '-subject', '-ext', 'subjectAltName')).toMatch(
    /CN ?= ?device 7[\s\S]*DNS:d7\.acme\.org/,
  );
  expect(
    openssl(
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-verify_hostname',
      'a.acme.org',
      '-CAfile',
      'my-root-ca.crt',
      'wildcard.acme.org.crt',
    ),
  ).toContain('OK');
  for (const file of readdirSync(directory)) {
    expect(statSync(join(directory, file)).mode & 0o777, file).toBe(file.endsWith('.key') ? 0o600 : 0o644);
  }
  expect(readdirSync(directory)).toHaveLength(6);
});

test('files that are there are replaced only with --force', async () => {
  await devCert('server', 'shop.localhost');
  const key = readFileSync(join(directory, 'shop.localhost.key'), 'utf8');
  rmSync(join(directory, 'shop.localhost.crt'));
  expect(await devCert('server', 'shop.localhost')).toMatchObject({
    code: 6,
    stderr: expect.stringContaining('add --force'),
  });
  expect(readdirSync(directory)).toEqual(['shop.localhost.key']);
  expect(readFileSync(join(directory, 'shop.localhost.key'), 'utf8')).toBe(key);
  expect(await devCert('server', 'shop.localhost', '--force')).toMatchObject({ code: 0 });
  expect(readFileSync(join(directory, 'shop.localhost.key'), 'utf8')).not.toBe(key);
  expect(readdirSync(directory)).toHaveLength(2);
});

test('a CA that is not there, and what is no name, are usage failures that say what to do', async () => {
  const missing = await devCert('client', 'a', '--ca', join(directory, 'gone'));
  expect(missing).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`postern dev-cert ca ${directory}`),
  });
  expect(await devCert('server', 'a_b')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('underscore'),
  });
  expect(await devCert('ca', 'a', '--days', '0')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--days'),
  });
  expect(readdirSync(directory)).toEqual([]);
});
