import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../../testing/cli-harness.ts';
import { makeCa } from '../../testing/openssl.ts';

let cli: CliHarness;

beforeAll(async () => {
  cli = await startCliHarness();
  await cli.client.services.create('default', { name: 'echo', spec: { targets: ['http://127.0.0.1:9'] } });
  // Two CAs of one name, as who follows the same recipe twice gets them.
  for (const [name, file] of [
    ['old', 'same-ca'],
    ['next', 'same-ca'],
    ['third', 'third-ca'],
  ] as const) {
    const cert = readFileSync(makeCa(cli.directory, file).cert, 'utf8');
    await cli.client.secrets.put('default', name, { secret: { type: 'tls-ca', cert } });
  }
  await cli.client.routes.create('default', {
    name: 'shop',
    spec: {
      host: 'shop.example.org',
      tls: { clientValidationCa: { name: 'old' } },
      routes: [{ prefix: '/', route: { service: 'echo' } }],
    },
  });
});
afterAll(async () => cli?.[Symbol.asyncDispose]());

const rotate = (...args: string[]) => cli.postern(['route', 'rotate-ca', ...args, '--no-wait']);
const caOf = async () => (await cli.client.routes.get('default', 'shop')).spec.tls?.clientValidationCa;

test('a rotation starts, is told, is not ended while nobody knows who uses the old CA, and ends when forced', async () => {
  expect(await rotate('status', 'shop')).toMatchObject({ code: 1 });
  expect(await rotate('finish', 'shop', '--yes')).toMatchObject({
    code: 6,
    stderr: expect.stringContaining('route shop is in no rotation'),
  });

  const started = await rotate('start', 'shop', '--next', 'next');
  expect(started).toMatchObject({ code: 0, stdout: 'Route shop trusts old and next\n' });
  expect(started.stderr).toMatch(/both hold a CA of the name .*authorityKeyIdentifier/);
  expect(await caOf()).toEqual({ name: 'old', next: { name: 'next' } });

  const status = await rotate('status', 'shop', '--json');
  expect(status.code).toBe(1);
  expect(JSON.parse(status.stdout)).toMatchObject({ current: 'old', next: 'next', finishable: false });
  expect(await rotate('start', 'shop', '--next', 'third')).toMatchObject({
    code: 6,
    stderr: expect.stringContaining('is in a rotation from old to next'),
  });

  const refused = await rotate('finish', 'shop', '--yes');
  expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('- no edge is connected') });
  expect(await caOf()).toEqual({ name: 'old', next: { name: 'next' } });
  expect(await rotate('finish', 'shop', '--force')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('add --yes'),
  });
  expect(await rotate('finish', 'shop', '--force', '--yes')).toMatchObject({ code: 0 });
  expect(await caOf()).toEqual({ name: 'next' });
});

test('an aborted rotation leaves the route as it was; other flags leave a rotation alone', async () => {
  const before = await caOf();
  const started = await rotate('start', 'shop', '--next', 'third');
  expect(started).toMatchObject({ code: 0, stderr: '' });
  const rotating = { ...before, next: { name: 'third' } };
  await cli.postern(['route', 'update', 'shop', '--path', '/a=echo', '--no-wait']);
  expect(await caOf()).toEqual(rotating);
  const replaced = await cli.postern(['route', 'update', 'shop', '--client-ca-secret', 'old', '--no-wait']);
  expect(replaced).toMatchObject({ code: 2, stderr: expect.stringContaining('in a rotation') });
  expect((await cli.postern(['route', 'get', 'shop'])).stdout).toContain('third: both are trusted');
  expect((await cli.postern(['route', 'export', 'shop'])).stdout).toContain('next:\n      name: third\n');
  expect(await rotate('abort', 'shop', '--yes')).toMatchObject({ code: 0 });
  expect(await caOf()).toEqual(before);
});

test('what cannot be meant is said before anything is written', async () => {
  const before = await cli.client.routes.get('default', 'shop');
  expect(await rotate('start', 'shop')).toMatchObject({ code: 2 });
  expect(await rotate('start', 'shop', '--next', 'none')).toMatchObject({ code: 3 });
  expect(await rotate('start', 'shop', '--next', 'next')).toMatchObject({ code: 3 });
  expect(await rotate('status', 'shop', '--next', 'old')).toMatchObject({ code: 2 });
  expect(await rotate('abort', 'shop', '--force')).toMatchObject({ code: 2 });
  expect(await rotate('stop', 'shop')).toMatchObject({ code: 2 });
  expect(await rotate('status', 'none')).toMatchObject({ code: 5 });
  expect((await cli.client.routes.get('default', 'shop')).version).toBe(before.version);
});
