import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../../testing/cli-harness.ts';
import { makeCa } from '../../testing/openssl.ts';

let cli: CliHarness;

beforeAll(async () => {
  cli = await startCliHarness();
  await cli.client.services.create('default', { name: 'echo', spec: { targets: ['http://127.0.0.1:9'] } });
  const cert = readFileSync(makeCa(cli.directory, 'ca').cert, 'utf8');
  await cli.client.secrets.put('default', 'ca', { secret: { type: 'tls-ca', cert } });
});
afterAll(async () => cli?.[Symbol.asyncDispose]());

async function reportObserved(): Promise<void> {
  const now = Date.now();
  const refusal = {
    ...{ id: '000000000-0000000000000001', project: 'default', route: 'shop', host: 'shop.example.org' },
    ...{ sni: 'shop.example.org', firstAt: now, lastAt: now, count: 3, reason: 'certificate_expired' },
    ...{ detail: 'it ended', rule: null, clientAddress: '192.0.2.1', fingerprint: 'a'.repeat(64) },
    ...{ subject: 'CN=late.acme.org', issuer: 'CN=ca', serial: '01', chain: null, revision: 1 },
    ...{ tlsVersion: 'TLSv1.3', observed: true, various: false },
  };
  const refused = { ...refusal, id: '000000000-0000000000000002', observed: false, subject: 'CN=refused' };
  const allowed = {
    ...refused,
    id: '000000000-0000000000000003',
    subject: 'CN=allowed',
    observedMatch: 'exact "a"',
  };
  const answer = await fetch(`${cli.url}/v1/ledger`, {
    method: 'POST',
    headers: { authorization: `Bearer ${cli.edgeToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      edge: 'e',
      run: 'r',
      refusals: [refusal, refused, allowed],
      sightings: [],
      chains: [],
      dropped: 0,
    }),
  });
  expect(answer.status).toBe(200);
}

const caOf = async () => (await cli.client.routes.get('default', 'shop')).spec.tls?.clientValidationCa;

test('a route is observed, tells whom it would refuse, and is enforced after a yes', async () => {
  const flags = [
    '--hostname',
    'shop.example.org',
    '--path',
    '/=echo',
    '--client-ca-secret',
    'ca',
    '--no-wait',
  ];
  const created = await cli.postern(['route', 'create', 'shop', ...flags, '--client-ca-mode', 'observe']);
  expect(created, created.stderr).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('nobody is refused'),
  });
  expect(await caOf()).toEqual({ name: 'ca', mode: 'observe' });
  expect((await cli.postern(['route', 'get', 'shop'])).stdout).toContain('everybody is let in');
  // Other flags leave the mode as it is.
  await cli.postern(['route', 'update', 'shop', '--path', '/a=echo', '--no-wait']);
  expect(await caOf()).toEqual({ name: 'ca', mode: 'observe' });

  await reportObserved();
  const listed = await cli.postern(['route', 'observe', 'shop']);
  expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('CN=late.acme.org') });
  expect(listed.stdout).not.toContain('CN=refused');
  expect(listed.stdout).toMatch(/^CN=late.acme.org.*\srefused\s/m);
  expect(listed.stdout).toMatch(/^CN=allowed.*\sadmitted\s.*exact "a" would admit it/m);

  expect(await cli.postern(['route', 'enforce', 'shop', '--no-wait'])).toMatchObject({ code: 2 });
  expect(await caOf()).toEqual({ name: 'ca', mode: 'observe' });
  const enforced = await cli.postern(['route', 'enforce', 'shop', '--yes', '--no-wait']);
  expect(enforced, enforced.stderr).toMatchObject({ code: 0, stdout: 'Route shop is enforced\n' });
  expect(await caOf()).toEqual({ name: 'ca' });
});

test('a route that is not observed has nothing to tell, and cannot be enforced again', async () => {
  for (const verb of ['observe', 'enforce']) {
    const { code, stderr } = await cli.postern(['route', verb, 'shop', '--yes']);
    expect(code).toBe(6);
    expect(stderr).toContain('route shop is enforced');
  }
});

test('observed matchers make a route observed; enforce takes `observe` out of all, of the host and of its rules', async () => {
  const observed = { exact: 'new.acme.org', observe: true as const };
  const plain = { exact: 'old.acme.org' };
  const spec = {
    host: 'matchers.example.org',
    tls: { clientValidationCa: { name: 'ca' } },
    validation: { clientCertificate: { subjectMatches: [plain, observed] } },
    routes: [{ prefix: '/', route: { service: 'echo' }, clientCertificate: { subjectMatches: [observed] } }],
  };
  await cli.client.routes.create('default', { name: 'matchers', spec });
  const shown = (await cli.postern(['route', 'get', 'matchers'])).stdout;
  expect(shown).toContain('old.acme.org, new.acme.org (observed)');
  expect(await cli.postern(['route', 'observe', 'matchers'])).toMatchObject({ code: 0 });
  const enforced = await cli.postern(['route', 'enforce', 'matchers', '--yes', '--no-wait']);
  expect(enforced, enforced.stderr).toMatchObject({ code: 0 });
  const written = (await cli.client.routes.get('default', 'matchers')).spec;
  const all = [written.validation?.clientCertificate, written.routes[0]?.clientCertificate];
  expect(all.map((one) => one?.subjectMatches)).toEqual([
    [plain, { exact: 'new.acme.org' }],
    [{ exact: 'new.acme.org' }],
  ]);
  expect(await cli.postern(['route', 'observe', 'matchers'])).toMatchObject({ code: 6 });
});

test('a route whose rules alone demand certificates is enforced, and is told how its matchers are observed', async () => {
  const flags = ['--remove-client-ca-secret', '--path-client-ca', '/a=ca', '--yes', '--no-wait'];
  expect(await cli.postern(['route', 'update', 'shop', ...flags])).toMatchObject({ code: 0 });
  const { code, stderr } = await cli.postern(['route', 'observe', 'shop']);
  expect(code).toBe(6);
  expect(stderr).toContain('route shop is enforced');
  expect(stderr).toContain('`observe: true` beside a matcher');
  // It would be refused: a rule demands nothing while the client CA is only observed.
  expect(stderr).not.toContain('--client-ca-mode');
});
