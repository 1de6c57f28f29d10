import type { DnsFindings, Hostname, HostnameProof, ResourceName } from '@postern/contracts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CliHarness, startCliHarness } from '../../testing/cli-harness.ts';

const PROJECT = 'default' as ResourceName;
const NOTHING: DnsFindings = { cname: [], addresses: [], txt: [], caa: null, failures: [] };

let cli: CliHarness;
beforeAll(async () => {
  cli = await startCliHarness({
    hostnameVerification: true,
    publicEdge: { name: 'edge.example.org' as Hostname, addresses: ['192.0.2.7'] },
  });
  await cli.client.services.create(PROJECT, { name: 'echo', spec: { targets: ['http://127.0.0.1:9'] } });
});
afterAll(async () => cli?.[Symbol.asyncDispose]());

/** Calls `hostname check` and plays the certificate worker meanwhile. */
async function check(name: string, found: Partial<DnsFindings>, proof: HostnameProof | null) {
  const calling = cli.postern(['hostname', 'check', name]);
  await vi.waitFor(
    async () => {
      const due = await cli.store.listDueHostnames(Date.now(), 9);
      const record = due.find((one) => one.name === name);
      if (record === undefined) throw new Error('nobody wants it looked at');
      const nextCheckAt = Date.now() + 3_600_000;
      await cli.store.noteHostnameCheck(record, { found: { ...NOTHING, ...found }, proof, nextCheckAt });
    },
    { timeout: 20_000 },
  );
  return calling;
}

test('a hostname that is added says which records to make; a look at DNS says what is there instead, and then that it is verified', async () => {
  const added = await cli.postern(['hostname', 'add', 'shop.example.org']);
  expect(added.stdout).toContain('Hostname shop.example.org added; it is served once it is verified');
  expect(added.stdout).toMatch(/^CNAME\tshop\.example\.org\tedge\.example\.org$/m);
  expect(added.stdout).toMatch(/^A\tshop\.example\.org\t192\.0\.2\.7$/m);
  expect(added.stdout).toMatch(
    /^TXT\t_postern-challenge\.shop\.example\.org\tpostern-verification=[\w-]{43}$/m,
  );
  // Due since it was added: the first look.
  const record = await cli.store.getHostname(PROJECT, 'shop.example.org' as Hostname);
  await cli.store.noteHostnameCheck(record, { found: NOTHING, proof: null, nextCheckAt: Date.now() + 9e6 });
  const caa = { at: 'example.org', records: ['example.org. CAA 0 issue "other.example"'] };
  const missing = await check('shop.example.org', { addresses: ['198.51.100.1'], caa }, null);
  expect(missing.code).toBe(1);
  expect(missing.stdout).toMatch(/^State: +DnsNotVerified$/m);
  expect(missing.stdout).toMatch(/^Addresses: +198\.51\.100\.1$/m);
  expect(missing.stdout).toMatch(/^CAA: +example\.org\. CAA 0 issue "other\.example"$/m);
  const done = await check('shop.example.org', { addresses: ['192.0.2.7'] }, 'address');
  expect(done.code).toBe(0);
  expect(done.stdout).toMatch(/^State: +Verified$/m);
  expect(done.stdout).toMatch(/^Message: +verified by its address on /m);
});

test('what is exposed on a name of its own says that it is served once that is verified; route get, list and explain say why', async () => {
  const exposed = await cli.postern([
    ...['service', 'expose', 'echo', '--hostname', 'Own.example.org', '--no-wait'],
  ]);
  expect(exposed).toMatchObject({
    code: 0,
    stdout: 'Service echo is exposed at https://own.example.org:8443/\n',
  });
  expect(exposed.stderr).toContain('served once it is verified: postern hostname check own.example.org');
  const get = await cli.postern(['route', 'get', 'echo']);
  expect(get.stdout).toMatch(/^HostValidation\tfalse\t\S+\tValidating\t/m);
  expect(get.stdout).toMatch(/^Certificate\tfalse\t\S+\tHostnameNotVerified\t/m);
  expect(get.stdout).toMatch(/^Ready\tfalse\t\S+\tHostnameNotVerified\t/m);
  const list = await cli.postern(['route', 'list']);
  expect(list.stdout).toMatch(/^echo\town\.example\.org\t\/\tfalse\tHostnameNotVerified$/m);
  const explained = await cli.postern(['explain', 'own.example.org']);
  expect(explained.code).toBe(1);
  expect(explained.stdout).toContain('hostname_not_verified');
  expect(explained.stdout).toContain('postern hostname check own.example.org');
});

test('a path that leads to another service is not taken from it', async () => {
  await cli.client.services.create(PROJECT, { name: 'other', spec: { targets: ['http://127.0.0.1:9'] } });
  const taken = await cli.postern([
    'service',
    'expose',
    'other',
    '--hostname',
    'own.example.org',
    '--no-wait',
  ]);
  expect(taken.code).toBe(6);
  expect(taken.stderr).toContain('leads to service "echo"');
  const beside = await cli.postern([
    ...['service', 'expose', 'other', '--hostname', 'own.example.org', '--uri-prefix', '/o', '--no-wait'],
  ]);
  expect(beside.code).toBe(0);
  const kept = await cli.postern(['service', 'unexpose', 'other', 'own.example.org', '--yes', '--no-wait']);
  expect(kept.stdout).toBe('Service other is not exposed at own.example.org any more\n');
  expect((await cli.client.routes.get(PROJECT, 'echo')).spec.routes).toHaveLength(1);
});
