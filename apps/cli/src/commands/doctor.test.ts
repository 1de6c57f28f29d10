import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { createDevAuthority, issueDevCertificate } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../testing/cli-harness.ts';

let cli: CliHarness;

beforeAll(async () => {
  cli = await startCliHarness();
});
afterAll(() => cli[Symbol.asyncDispose]());

async function doctor(env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await cli.postern(['doctor', '--json'], { env });
  expect(stderr).toBe('');
  const { ok, checks } = JSON.parse(stdout) as {
    ok: boolean;
    checks: { name: string; status: string; hint?: string }[];
  };
  expect(ok).toBe(code === 0);
  return { code, checks, statuses: Object.fromEntries(checks.map(({ name, status }) => [name, status])) };
}

test('a sound installation passes; what cannot be looked at yet is skipped and says what to do', async () => {
  const { code, statuses } = await doctor();
  expect(statuses).toEqual({
    configuration: 'pass',
    context: 'pass',
    api: 'pass',
    store: 'pass',
    // The API of this test says another version.
    version: 'warn',
    clock: 'pass',
    token: 'pass',
    edge: 'skip',
    'data directory': 'pass',
  });
  expect(code).toBe(0);
  const table = await cli.postern(['doctor']);
  expect(table).toMatchObject({ code: 0, stdout: expect.stringMatching(/^pass\tapi\t/m) });
});

test('an edge that is not there, and a token that may nothing, fail with exit status 1', async () => {
  const now = Date.now();
  const host = 'doctor.localhost';
  const own = await issueDevCertificate({
    role: 'server',
    name: host,
    alternativeNames: [host],
    issuer: await createDevAuthority({ name: 'ca', days: 5, now }),
    days: 1,
    now,
  });
  await cli.client.secrets.put('default', 'own', {
    secret: { type: 'tls', cert: own.certPem, key: own.keyPem },
  });
  await cli.client.services.create('default', { name: 's', spec: { targets: ['http://127.0.0.1:9'] } });
  const routes = [{ prefix: '/', route: { service: 's' } }];
  await cli.client.routes.create('default', {
    name: 'r',
    spec: { host, tls: { serverCertificate: { name: 'own' } }, routes },
  });
  const { code, statuses } = await doctor();
  expect(code).toBe(1);
  // Whatever listens on the machine's port 8443 does not serve this host.
  expect(statuses).toMatchObject({ token: 'pass', edge: 'fail' });
  const refused = await doctor({ POSTERN_TOKEN: 'wrong' });
  expect(refused).toMatchObject({ code: 1, statuses: { api: 'pass', token: 'fail', edge: 'skip' } });
});

test('an API that is not there fails, and what lies behind it is skipped; others that may read the tokens fail', async () => {
  chmodSync(cli.configFile, 0o644);
  const { code, statuses } = await doctor({ POSTERN_URL: 'http://127.0.0.1:1', POSTERN_TOKEN: 'x' });
  chmodSync(cli.configFile, 0o600);
  expect(code).toBe(1);
  expect(statuses).toMatchObject({
    configuration: 'fail',
    api: 'fail',
    store: 'skip',
    token: 'skip',
    edge: 'skip',
  });
});

test('doctor edge takes the port with the host, finds names below localhost here, and says what to try', async () => {
  const edge = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(edge, 'listening');
  const address = edge.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  edge.close();
  await once(edge, 'close');
  const { code, stdout } = await cli.postern(['doctor', 'edge', `shop.localhost:${port}`, '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    host: 'shop.localhost',
    checks: [{ detail: `127.0.0.1:${port}: ECONNREFUSED`, hint: expect.stringContaining('--connect 127') }],
  });
  const none = await cli.postern(['doctor', 'edge', 'https://shop.localhost/']);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('is not a host') });
});
