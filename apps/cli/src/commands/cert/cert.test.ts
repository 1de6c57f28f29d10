import type { CertificateError, Hostname, ResourceName } from '@postern/contracts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CliHarness, startCliHarness } from '../../testing/cli-harness.ts';

const DAY_MS = 86_400_000;
const PROJECT = 'default' as ResourceName;

let cli: CliHarness;
beforeAll(async () => {
  cli = await startCliHarness();
  await cli.client.services.create(PROJECT, { name: 'echo', spec: { targets: ['http://127.0.0.1:9'] } });
  for (const name of ['a', 'b']) {
    const spec = { host: `${name}.example.org`, routes: [{ prefix: '/', route: { service: 'echo' } }] };
    await cli.client.routes.create(PROJECT, { name, spec });
  }
  await issue('a.example.org', 'first', 10);
  await fail('b.example.org');
});
afterAll(async () => cli?.[Symbol.asyncDispose]());

const orderOf = (name: string) => cli.store.getCertificate(PROJECT, name as Hostname);

async function issue(name: string, fingerprint: string, days: number): Promise<void> {
  const { id, names } = await orderOf(name);
  const notBefore = new Date().toISOString();
  const notAfter = new Date(Date.now() + days * DAY_MS).toISOString();
  await cli.store.saveIssuedCertificate({
    ...{ orderId: id, names, issuer: 'https://ca.example/dir', ariCertId: null },
    renewAt: Date.now() + (days - 1) * DAY_MS,
    document: { chainPem: 'CHAIN', sealedKey: 'sealed', names: [...names], notBefore, notAfter, fingerprint },
  });
}

async function fail(name: string): Promise<void> {
  const lastError: CertificateError = {
    code: 'caa_forbids',
    detail: 'example.org CAA 0 issue "other.example" at 127.0.0.1:53',
    problemType: null,
    at: Date.now(),
  };
  const { id } = await orderOf(name);
  await cli.store.updateOrder(id, {
    ...{ state: 'failing', attempts: 2, nextAttemptAt: Date.now() + 60_000, lastError },
  });
}

test('certificates are listed, those that end soon and those that are pending apart, with what stands in the way', async () => {
  const all = await cli.postern(['cert', 'list']);
  expect(all.stdout).toMatch(/^NAMES\tSTATE\tISSUER\tEXPIRES\tRENEWAL\n/);
  expect(all.stdout).toMatch(/^a\.example\.org\tissued\thttps:\/\/ca\.example\/dir\t/m);
  expect(all.stdout).toMatch(/^b\.example\.org\tfailing\t/m);
  const soon = await cli.postern(['cert', 'list', '--expiring', '14d', '-q']);
  expect(soon.stdout).toBe('a.example.org\n');
  expect((await cli.postern(['cert', 'list', '--expiring', '5d', '-q'])).stdout).toBe('');
  const pending = await cli.postern(['cert', 'list', '--pending', '-o', 'wide']);
  expect(pending.stdout).toMatch(/^b\.example\.org\tfailing\t\S+\t2\t\S+\tcaa_forbids\texample\.org CAA 0/m);
  expect(pending.stdout).not.toContain('a.example.org');
  expect(pending.stderr).toBe('1 pending: 0 being ordered, 0 waiting, 1 failing\n');
  expect((await cli.postern(['cert', 'list', '--watch'])).code).toBe(2);
});

test('a host without a certificate says why, since when, when it is tried next and what to do: cert get, route get, route list, explain', async () => {
  const get = await cli.postern(['cert', 'get', 'B.example.org']);
  expect(get.stdout).toMatch(/^Reason: +caa_forbids: a CAA record forbids/m);
  expect(get.stdout).toMatch(/^Detail: +example\.org CAA 0 issue "other\.example"/m);
  expect(get.stdout).toMatch(/^What to do: +let the record named allow the CA/m);
  expect(get.stdout).toMatch(/^Pending since: +\d{4}-/m);
  expect(get.stdout).toMatch(/^Next attempt: +\d{4}-/m);
  const route = await cli.postern(['route', 'get', 'b']);
  expect(route.stdout).toMatch(
    /^Certificate\tfalse\t\S+\tCaaForbids\tcertificate pending since \S+: a CAA record/m,
  );
  expect(route.stdout).toMatch(/^Ready\tfalse\t\S+\tCertificatePending\tcertificate pending since/m);
  const list = await cli.postern(['route', 'list', '-o', 'wide']);
  expect(list.stdout).toMatch(/\tCertificatePending\tCaaForbids\t\S+\tcertificate pending since/);
  const explained = await cli.postern(['explain', 'b.example.org']);
  expect(explained.code).toBe(1);
  expect(explained.stdout).toMatch(/certificate_pending/);
  expect(explained.stdout).toMatch(/certificate pending since \S+: a CAA record .*next attempt/);
  expect(explained.stdout).toContain('let the record named allow the CA');
  const none = await cli.postern(['cert', 'get', 'c.example.org']);
  expect(none.code).toBe(5);
  expect((await cli.postern(['cert', 'get', 'not a host'])).code).toBe(2);
});

test('cert renew waits for another certificate, and says what is missing where none comes', async () => {
  const renewing = cli.postern(['cert', 'renew', 'a.example.org', '--timeout', '60s']);
  await vi.waitFor(
    async () => expect((await orderOf('a.example.org')).renewReason).toBe('requested'),
    30_000,
  );
  await issue('a.example.org', 'second', 90);
  const renewed = await renewing;
  expect([renewed.code, renewed.stderr]).toEqual([0, '']);
  expect(renewed.stdout).toMatch(/^Certificate of a\.example\.org renewed: valid until \d{4}-/);
  const late = await cli.postern(['cert', 'renew', 'b.example.org', '--timeout', '300ms']);
  expect([late.code, late.stdout]).toEqual([0, 'Certificate of b.example.org is to be renewed\n']);
  expect(late.stderr).toMatch(/^warning: the next certificate of b\.example\.org is not there yet: /);
  const hurried = await cli.postern(['cert', 'renew', 'b.example.org', '--no-wait']);
  expect(hurried.stderr).toBe('');
});

test('cert revoke waits for the CA; what it refuses is exit 1 with its words', async () => {
  const answer = async (error: CertificateError | null) => {
    const wish = await vi.waitFor(async () => {
      const [first] = await cli.store.listWaitingRevocations(1);
      expect(first).toBeDefined();
      return first;
    }, 30_000);
    await cli.store.settleRevocation(wish?.id ?? '', error);
  };
  const refusing = cli.postern(['cert', 'revoke', 'a.example.org', '--timeout', '60s']);
  await answer({ code: 'ca_refused', detail: 'not yours', problemType: null, at: Date.now() });
  const refused = await refusing;
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toContain('(ca_refused): not yours');
  const revoking = cli.postern([
    'cert',
    'revoke',
    'a.example.org',
    '--reason',
    'keyCompromise',
    '--timeout',
    '60s',
  ]);
  await answer(null);
  expect((await revoking).stdout).toBe('Certificate of a.example.org revoked\n');
  const shown = await cli.postern(['cert', 'get', 'a.example.org']);
  expect(shown.stdout).toMatch(/^State: +revoked$/m);
  expect(shown.stdout).toMatch(/^Wanted because: +the present one is revoked$/m);
  expect((await cli.postern(['cert', 'revoke', 'b.example.org'])).code).toBe(5);
});

test('cert list --pending --watch ends when nothing is pending any more, and names what came', async () => {
  const looks = vi.spyOn(cli.store, 'listCertificates');
  const watching = cli.postern(['cert', 'list', '--pending', '--watch']);
  await vi.waitFor(() => expect(looks).toHaveBeenCalled(), 60_000);
  await looks.mock.results[0]?.value;
  looks.mockRestore();
  for (const name of ['a', 'b']) await issue(`${name}.example.org`, `third ${name}`, 90);
  const { code, stdout, stderr } = await watching;
  expect([code, stdout.split('\n')]).toEqual([0, [expect.stringMatching(/^NAMES/), '']]);
  expect(stderr).toContain('no longer pending: b.example.org\n');
  expect(stderr).toContain('no certificate is pending\n');
});
