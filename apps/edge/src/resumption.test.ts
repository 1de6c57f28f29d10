import { X509Certificate } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';
import { type CertificateFiles, OpensslCertificates, pemOf } from './testing/openssl-certificates.ts';
import { sClient } from './testing/openssl-client.ts';

let edge: EdgeFixture;
let clients: { a: CertificateFiles; b: CertificateFiles };

const HOSTS = ['open.example', 'other.example', 'a.example', 'b.example'] as const;
type Host = (typeof HOSTS)[number];

beforeAll(async () => {
  edge = await startEdgeFixture();
  const openssl = new OpensslCertificates(edge.directory);
  const [a, b] = [openssl.selfSigned('A'), openssl.selfSigned('B')];
  clients = { a: openssl.signed(a, 'client'), b: openssl.signed(b, 'client') };
  await edge.putHost('open.example');
  await edge.putHost('other.example');
  await edge.putHost('a.example', { anchors: [a.cert] });
  await edge.putHost('b.example', { anchors: [b.cert] });
});
afterAll(() => edge.close());

/** The arguments that show the certificate a host wants. */
function shown(host: Host): string[] {
  const files = host === 'a.example' ? clients.a : host === 'b.example' ? clients.b : undefined;
  return files === undefined ? [] : ['-cert', files.cert, '-key', files.key];
}

/** The client that a host knows a session by. */
function fingerprintOf(host: Host): string | null {
  const files = host === 'a.example' ? clients.a : host === 'b.example' ? clients.b : undefined;
  if (files === undefined) return null;
  return new X509Certificate(pemOf(files.cert)).fingerprint256.replaceAll(':', '').toLowerCase();
}

const pairs = HOSTS.flatMap((from) => HOSTS.map((to) => [from, to] as const));

describe.each([
  ['1.2', '-tls1_2'],
  ['1.3', '-tls1_3'],
] as const)('TLS %s', (_, version) => {
  test.each(pairs)(
    'a session of %s is worth nothing on %s but that of its own client on its own host',
    async (from, to) => {
      const file = join(edge.directory, 'session');
      rmSync(file, { force: true });
      const first = await sClient(edge, from, [version, '-sess_out', file, ...shown(from)]);
      expect(first).toContain(`"sni":"${from}"`);
      expect(existsSync(file)).toBe(true);
      const second = await sClient(edge, to, [version, '-sess_in', file]);
      if (from === to) {
        expect(second).toMatch(/\nReused, /);
        expect(second).toContain(`"sni":"${to}","protocol":"http/1.1"`);
        const client = fingerprintOf(to);
        expect(second).toContain(client === null ? '"fingerprint":null' : `"fingerprint":"${client}"`);
      } else if (fingerprintOf(to) === null) {
        expect(second).toMatch(/\nNew, /);
        expect(second).toContain('"fingerprint":null');
      } else {
        expect(second).not.toContain('"sni"');
      }
    },
  );
});

test('a client cannot renegotiate', async () => {
  const { spawn } = await import('node:child_process');
  const args = [
    's_client',
    '-connect',
    `127.0.0.1:${edge.port}`,
    '-servername',
    'a.example',
    '-tls1_2',
    ...shown('a.example'),
  ];
  const child = spawn('openssl', args, { stdio: 'pipe' });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes('Verify return code') && !output.includes('RENEGOTIATING')) child.stdin.write('R\n');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes('no renegotiation')) child.kill('SIGKILL');
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  for (const line of ['RENEGOTIATING', 'no renegotiation']) expect(output).toContain(line);
});

test('CBC suites, RSA key exchange and TLS 1.1 are refused, AEAD suites are not', async () => {
  for (const cipher of ['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES256-SHA', 'AES128-GCM-SHA256']) {
    const output = await sClient(edge, 'open.example', ['-tls1_2', '-cipher', cipher]);
    expect(output).toMatch(/handshake failure/);
  }
  expect(await sClient(edge, 'open.example', ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'])).toMatch(
    /protocol version|no protocols available/,
  );
  expect(
    await sClient(edge, 'open.example', ['-tls1_2', '-cipher', 'ECDHE-ECDSA-CHACHA20-POLY1305']),
  ).toContain('"sni"');
});

test('finite-field groups, which cost the edge most and the client nothing, are refused; curves are not', async () => {
  for (const group of ['ffdhe2048', 'ffdhe3072']) {
    const output = await sClient(edge, 'open.example', ['-tls1_3', '-groups', group]);
    expect(output, group).toMatch(/handshake failure/);
  }
  for (const group of ['X25519', 'P-256', 'P-384']) {
    expect(await sClient(edge, 'open.example', ['-groups', group]), group).toContain('"sni"');
  }
});
