import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EdgeClient, eventually } from '../flow/edge-client.ts';
import { makeServerCertificate } from '../flow/server-certificate.ts';
import { startPlatform } from '../platform/platform.ts';

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map((name) => join(directory, String(name)))
    .filter((path) => statSync(path).isFile());
}

test('no secret value is in any file of a running platform, nor in what it and its commands print', {
  timeout: 180_000,
}, async () => {
  await using platform = await startPlatform();
  const inputs = join(platform.directory, 'inputs');
  mkdirSync(inputs);
  const literal = `canary-${randomBytes(12).toString('hex')}`;
  const { cert, key } = makeServerCertificate('canary.localhost');
  writeFileSync(join(inputs, 'cert.pem'), cert);
  writeFileSync(join(inputs, 'key.pem'), key);
  let printed = '';
  for (const args of [
    ['secret', 'create', 'generic', 'words', '--literal', `word=${literal}`],
    ['secret', 'create', 'symmetric', 'shared', '--secret-key-literal', literal],
    ['secret', 'create', 'tls', 'own', '--cert', join(inputs, 'cert.pem'), '--key', join(inputs, 'key.pem')],
    ['secret', 'create', 'asymmetric', 'pair', '--private-key', join(inputs, 'key.pem')],
    [
      'route',
      'create',
      'canary',
      '--hostname',
      'canary.localhost',
      '--path',
      '/=echo',
      '--server-certificate-secret',
      'own',
    ],
    ['secret', 'list'],
    ...['words', 'shared', 'own', 'pair'].flatMap((name) => [
      ['secret', 'get', name],
      ['secret', 'get', name, '--json'],
    ]),
    ['secret', 'create', 'tls', 'own', '--cert', join(inputs, 'key.pem'), '--key', join(inputs, 'cert.pem')],
  ]) {
    const { stdout, stderr } = await platform.postern(args);
    printed += stdout + stderr;
  }
  using edge = new EdgeClient(platform.ports.https, null);
  expect(await eventually(async () => (await edge.get('canary.localhost')).status === 200)).toBe(true);
  printed += platform.running.output();

  // The key as PEM lines, as bytes, and the literal in the encodings it passes through.
  const der = Buffer.from(key.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const forms = [
    ...key.split('\n').filter((line) => line !== '' && !line.startsWith('-----')),
    der.subarray(36, 60),
    literal,
    Buffer.from(literal).toString('base64').slice(0, -4),
  ].map((form) => Buffer.from(form));
  const places = [
    { name: 'the output', bytes: Buffer.from(printed) },
    ...filesBelow(join(platform.directory, 'data')).map((path) => ({
      name: path,
      bytes: readFileSync(path),
    })),
  ];
  expect(places.map(({ name }) => name).join()).toMatch(/postern\.db.*replica\.db|replica\.db.*postern\.db/);
  for (const { name, bytes } of places) {
    for (const form of forms)
      expect(bytes.includes(form), `${name} holds ${form.toString('latin1')}`).toBe(false);
  }
});
