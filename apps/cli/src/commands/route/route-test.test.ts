import { createDevAuthority, issueDevCertificate } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../../testing/cli-harness.ts';

let cli: CliHarness;
let client: string[];
let stranger: string[];

beforeAll(async () => {
  cli = await startCliHarness();
  const now = Date.now();
  const files = async (name: string, ca: Awaited<ReturnType<typeof createDevAuthority>>) => {
    const leaf = {
      role: 'client',
      name: 'client.acme.org',
      alternativeNames: [],
      issuer: ca,
      days: 5,
      now,
    } as const;
    const made = await issueDevCertificate(leaf);
    return ['--cert', cli.file(`${name}.crt`, made.certPem), '--key', cli.file(`${name}.key`, made.keyPem)];
  };
  const ca = await createDevAuthority({ name: 'ca', days: 30, now });
  client = await files('client', ca);
  stranger = await files('stranger', await createDevAuthority({ name: 'other', days: 30, now }));
  await cli.client.secrets.put('default', 'my-ca', { secret: { type: 'tls-ca', cert: ca.certPem } });
  for (const name of ['shop', 'admin']) {
    await cli.client.services.create('default', { name, spec: { targets: ['http://127.0.0.1:9'] } });
  }
  const routes = [
    { prefix: '/', route: { service: 'shop' } },
    { prefix: '/admin', route: { service: 'admin' } },
  ];
  const subjectMatches = [{ hasSuffix: '.acme.org' }];
  const guarded = {
    tls: { clientValidationCa: { name: 'my-ca' } },
    validation: { clientCertificate: { subjectMatches } },
  };
  const own = await issueDevCertificate({
    role: 'server',
    name: '*.shop.localhost',
    alternativeNames: ['*.shop.localhost'],
    issuer: null,
    days: 5,
    now,
  });
  await cli.client.secrets.put('default', 'own', {
    secret: { type: 'tls', cert: own.certPem, key: own.keyPem },
  });
  const tls = { serverCertificate: { name: 'own' } };
  await cli.client.routes.create('default', {
    name: 'guarded',
    spec: { host: 'a.shop.localhost', ...guarded, tls: { ...guarded.tls, ...tls }, routes },
  });
  await cli.client.routes.create('default', {
    name: 'open',
    spec: { host: '*.shop.localhost', tls, routes },
  });
});
afterAll(() => cli[Symbol.asyncDispose]());

const routeTest = (...args: string[]) => cli.postern(['route', 'test', ...args]);

test('an admitted client is told rule, service and what admitted it; what cannot be known is named', async () => {
  const tested = await routeTest('https://A.shop.localhost:8443/admin?x', ...client);
  expect(tested).toMatchObject({ code: 0, stderr: '' });
  expect(tested.stdout).toContain('service admin');
  expect(tested.stdout).toMatch(/Route:\s+guarded/);
  expect(tested.stdout).toContain('"client.acme.org" by hasSuffix ".acme.org"');
  expect(tested.stdout).toContain('what the service answers');
});

test('who would be refused, and where, is told with exit status 1', async () => {
  const without = await routeTest('https://a.shop.localhost/', '--json');
  expect(without.code).toBe(1);
  expect(JSON.parse(without.stdout)).toMatchObject({
    served: false,
    answer: { kind: 'handshake', reason: 'certificate_missing' },
    rule: { service: 'shop' },
  });
  const foreign = await routeTest('https://a.shop.localhost/', ...stranger);
  expect(foreign).toMatchObject({ code: 1, stdout: expect.stringContaining('certificate_untrusted') });
});

test('the URL is taken byte for byte, and a wildcard serves what no exact host does', async () => {
  expect(await routeTest('https://b.shop.localhost/x/../admin')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('400'),
  });
  const socket = await routeTest('https://b.shop.localhost/', '-H', 'Upgrade: websocket', '-o', 'json');
  expect(JSON.parse(socket.stdout)).toMatchObject({
    route: 'open',
    answer: { code: 'websockets_not_enabled', status: 403 },
  });
});

test('a host without a route is 5, a key of another certificate 3, what is no https URL 2', async () => {
  expect(await routeTest('https://none.localhost/')).toMatchObject({ code: 5 });
  const [, cert = '', ,] = client;
  const [, , , key = ''] = stranger;
  expect(await routeTest('https://a.shop.localhost/', '--cert', cert, '--key', key)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('belongs to another certificate'),
  });
  expect(await routeTest('http://a.shop.localhost/')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('308'),
  });
});
