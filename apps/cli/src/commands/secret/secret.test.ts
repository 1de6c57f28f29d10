import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../../testing/cli-harness.ts';
import { type CertificateFiles, makeCa, makeServerCertificate } from '../../testing/openssl.ts';

let cli: CliHarness;
let ca: CertificateFiles;
let server: CertificateFiles;

beforeAll(async () => {
  cli = await startCliHarness();
  ca = makeCa(cli.directory, 'rootca');
  server = makeServerCertificate(cli.directory, 'server', 'shop.example.org');
});

afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
});

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli.postern([...args]);
  expect(code, stderr).toBe(0);
  return stdout;
}

const create = (...args: string[]) => ok('secret', 'create', ...args, '--no-wait');

describe('every type of secret is created, listed and shown without its values:', () => {
  test('tls-ca, and again to replace it', async () => {
    expect(await create('tls-ca', 'my-root-ca', '--cert', ca.cert)).toBe('Secret my-root-ca created\n');
    expect(await create('tls-ca', 'my-root-ca', '--cert', ca.cert)).toBe('Secret my-root-ca replaced\n');
    const shown = await ok('secret', 'get', 'my-root-ca');
    expect(shown).toContain('CN=rootca.acme.org');
    expect(shown).toMatch(/CA: +yes/);
    expect(shown).toMatch(/SHA-256: +[0-9a-f]{64}/);
    expect(shown).toMatch(/Used by: +nothing/);
  });

  test('tls', async () => {
    await create('tls', 'my-tls-cert', '--key', server.key, '--cert', server.cert);
    expect(await ok('secret', 'get', 'my-tls-cert')).toContain('DNS:shop.example.org');
  });

  test('generic, symmetric, asymmetric', async () => {
    const file = cli.file('password', 'canary-file');
    await create('generic', 'mail', '--literal', 'user=canary=literal', '--from-file', `pw=${file}`);
    await create('symmetric', 'sym', '--secret-key-literal', 'canary-symmetric');
    await create('asymmetric', 'asym', '--private-key', server.key, '--extract-public-key');
    const list = await ok('secret', 'list');
    expect(list).toMatch(/^NAME\tTYPE\tKEYS$/m);
    expect(list).toMatch(/^mail\tgeneric\tpw,user$/m);
    const key = readFileSync(server.key, 'utf8').split('\n')[1] ?? '';
    for (const name of ['mail', 'sym', 'asym', 'my-tls-cert']) {
      const shown = (await ok('secret', 'get', name)) + (await ok('secret', 'get', name, '--json'));
      expect(shown).not.toContain('canary');
      expect(shown).not.toContain(Buffer.from('canary').toString('base64').slice(0, 7));
      expect(shown).not.toContain(key);
    }
  });
});

describe('refused with file, line and reason, exit 3:', () => {
  async function refused(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await cli.postern(['secret', 'create', ...args]);
    expect(code, stdout + stderr).toBe(3);
    return stderr;
  }

  test('a truncated second block', async () => {
    const pem = readFileSync(ca.cert, 'utf8');
    const path = cli.file('truncated.crt', pem + pem.slice(0, 200));
    expect(await refused(['tls-ca', 'bad', '--cert', path])).toMatch(
      new RegExp(`${path}:${pem.split('\n').length}:\\d+: error: `),
    );
  });

  test('a private key in a tls-ca, without a word of the key', async () => {
    const path = cli.file('both.pem', readFileSync(ca.cert, 'utf8') + readFileSync(ca.key, 'utf8'));
    const stderr = await refused(['tls-ca', 'bad', '--cert', path]);
    expect(stderr).toContain(`${path}:`);
    expect(stderr).not.toContain((readFileSync(ca.key, 'utf8').split('\n')[1] ?? '').slice(0, 20));
  });

  test('a key that belongs to another certificate', async () => {
    const stderr = await refused(['tls', 'bad', '--cert', server.cert, '--key', ca.key]);
    expect(stderr).toContain(ca.key);
  });

  test('an encrypted key, with the command that decrypts it', async () => {
    const path = join(cli.directory, 'my encrypted.key');
    execFileSync('openssl', ['pkcs8', '-topk8', '-in', server.key, '-out', path, '-passout', 'pass:x']);
    expect(await refused(['tls', 'bad', '--cert', server.cert, '--key', path])).toContain(
      `openssl pkey -in '${path}' -out '${path}'.plain`,
    );
  });

  test('DER, with the command that converts it', async () => {
    const path = join(cli.directory, 'ca.der');
    execFileSync('openssl', ['x509', '-in', ca.cert, '-outform', 'DER', '-out', path]);
    expect(await refused(['tls-ca', 'bad', '--cert', path])).toContain('openssl x509 -inform DER');
  });

  test('PKCS #7, PKCS #12 and UTF-16, each with the command that converts it', async () => {
    const path = (name: string) => join(cli.directory, name);
    execFileSync('openssl', [
      ...['crl2pkcs7', '-nocrl', '-certfile', ca.cert, '-outform', 'DER', '-out', path('ca.p7b')],
    ]);
    expect(await refused(['tls-ca', 'bad', '--cert', path('ca.p7b')])).toContain(
      `openssl pkcs7 -inform DER -print_certs -in ${path('ca.p7b')}`,
    );
    execFileSync('openssl', [
      ...['pkcs12', '-export', '-in', server.cert, '-inkey', server.key, '-passout', 'pass:x'],
      ...['-out', path('server.p12')],
    ]);
    const p12 = path('server.p12');
    expect(await refused(['tls', 'bad', '--cert', p12, '--key', server.key])).toContain(
      `openssl pkcs12 -nokeys -in ${p12}`,
    );
    expect(await refused(['tls', 'bad', '--cert', server.cert, '--key', p12])).toContain(
      `openssl pkcs12 -nocerts -nodes -in ${p12}`,
    );
    const wide = cli.file('wide.pem', Buffer.from(`\ufeff${readFileSync(ca.cert, 'utf8')}`, 'utf16le'));
    expect(await refused(['tls-ca', 'bad', '--cert', wide])).toContain('iconv -f UTF-16 -t UTF-8');
  });

  test('an empty file', async () => {
    const path = cli.file('empty.pem', '');
    expect(await refused(['tls-ca', 'bad', '--cert', path])).toContain(
      `${path}: error: there is nothing in it: PEM text is needed`,
    );
  });

  test('a file larger than a secret may be', async () => {
    const path = cli.file('huge.pem', 'x'.repeat(256 * 1024 + 1));
    expect(await refused(['tls-ca', 'bad', '--cert', path])).toContain('262144 bytes');
  });
});

describe('refused as usage, exit 2:', () => {
  test.each([
    ['a missing --cert', ['tls-ca', 'x'], '--cert'],
    ['a missing --key', ['tls', 'x', '--cert', 'server.crt'], 'server.crt'],
    ['a foreign flag', ['tls-ca', 'x', '--key', 'k'], '--key does not belong'],
    ['an unknown type', ['tls-cax', 'x'], 'tls-ca'],
    ['a file that is not there', ['tls-ca', 'x', '--cert', '/nonexistent/ca.crt'], 'no such file'],
    ['a folder', ['tls-ca', 'x', '--cert', '/tmp'], 'folder'],
    [
      'both symmetric sources',
      ['symmetric', 'x', '--secret-key', 'a', '--secret-key-literal', 'b'],
      'either',
    ],
    ['no generic value', ['generic', 'x'], '--literal'],
    ['standard input twice', ['tls', 'x', '--cert', '-', '--key', '-'], '--cert reads standard input'],
    ['a key twice', ['generic', 'x', '--literal', 'a=1', '--literal', 'a=2'], 'twice'],
  ])('%s', async (_title, args, words) => {
    const { code, stderr } = await cli.postern(['secret', 'create', ...args]);
    expect(code, stderr).toBe(2);
    expect(stderr).toContain(words);
  });
});

test('a secret in use is not deleted: exit 6, naming the route', async () => {
  await create('tls-ca', 'used-ca', '--cert', ca.cert);
  await ok('service', 'create', 'echo', '--target', 'http://127.0.0.1:9', '--no-wait');
  await ok(
    ...['route', 'create', 'user', '--hostname', 'user.example.org', '--path', '/=echo'],
    ...['--client-ca-secret', 'used-ca', '--no-wait'],
  );
  const { code, stderr } = await cli.postern(['secret', 'delete', 'used-ca', '--yes']);
  expect(code).toBe(6);
  expect(stderr).toContain('user');
  expect((await cli.postern(['secret', 'create', 'generic', 'used-ca', '--literal', 'a=b'])).code).not.toBe(
    0,
  );
});
