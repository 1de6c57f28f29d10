import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVALUATION_CHECKS } from '@postern/admission';
import { REFUSAL_REASONS } from '@postern/contracts';
import { createDevAuthority, issueDevCertificate } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../testing/cli-harness.ts';
import { fingerprintOf, refusalOf, reportLedger } from '../testing/ledger-report.ts';

// POSTERN_WRITE_GOLDEN=1 rewrites the golden file; in CI a difference is a failure, whatever else is set.
const isUpdating = process.env.POSTERN_WRITE_GOLDEN === '1' && process.env.CI === undefined;
const goldenPath = join(import.meta.dirname, '../../golden/explain.json');
const HOST = 'a.shop.localhost';
const NOW = Date.now();

let cli: CliHarness;
const certs = new Map<string, string>();

beforeAll(async () => {
  cli = await startCliHarness();
  const ca = await createDevAuthority({ name: 'ca', days: 30, now: NOW });
  const other = await createDevAuthority({ name: 'other', days: 30, now: NOW });
  const client = { role: 'client', alternativeNames: [], days: 5, now: NOW } as const;
  const file = async (key: string, name: string, issuer: typeof ca, now = NOW) => {
    const { certPem } = await issueDevCertificate({ ...client, name, issuer, now });
    certs.set(key, cli.file(`${key}.crt`, certPem));
  };
  await file('good', 'client.acme.org', ca);
  await file('misnamed', 'client.evil.org', ca);
  await file('stranger', 'client.acme.org', other);
  await file('old', 'client.acme.org', ca, NOW - 20 * 86_400_000);
  certs.set('ca', cli.file('ca.crt', ca.certPem));
  cli.file('ca.key', ca.keyPem);
  await cli.client.secrets.put('default', 'my-ca', { secret: { type: 'tls-ca', cert: ca.certPem } });
  const own = await issueDevCertificate({
    ...{ role: 'server', name: HOST, alternativeNames: [HOST], issuer: null, days: 5, now: NOW },
  });
  const secret = { type: 'tls', cert: own.certPem, key: own.keyPem } as const;
  await cli.client.secrets.put('default', 'own', { secret });
  await cli.client.services.create('default', { name: 'shop', spec: { targets: ['http://127.0.0.1:9'] } });
  const tls = { serverCertificate: { name: 'own' }, clientValidationCa: { name: 'my-ca' } };
  const subjectMatches = [{ exact: 'x.acme.org' }, { hasSuffix: '.acme.org' }];
  const spec = {
    host: HOST,
    tls,
    validation: { clientCertificate: { subjectMatches } },
    routes: [
      { prefix: '/', route: { service: 'shop' } },
      {
        prefix: '/admin',
        route: { service: 'shop' },
        clientCertificate: { subjectMatches: [{ exact: 'admin.acme.org' }] },
      },
    ],
  };
  await cli.client.routes.create('default', { name: 'guarded', spec });
  certs.set('route', cli.file('route.json', JSON.stringify(spec)));
});
afterAll(() => cli?.[Symbol.asyncDispose]());

const explain = (...args: string[]) => cli.postern(['explain', ...args]);
const cert = (key: string): string => certs.get(key) ?? '';

/** What differs from run to run. */
function normalise(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<TIME>')
    .replaceAll(/"serial": "[0-9a-f]+"/g, '"serial": "<SERIAL>"')
    .replaceAll(/[0-9a-f]{64}/g, '<FINGERPRINT>');
}

test('the JSON of an admission and of a refusal is what docs/explain.md says', async () => {
  const admitted = await explain(HOST, '--path', '/x', '--cert', cert('good'), '-o', 'json');
  const refused = await explain(HOST, '--cert', cert('misnamed'), '--json');
  expect([admitted.code, refused.code]).toEqual([0, 1]);
  const parsed = { admitted: JSON.parse(admitted.stdout), refused: JSON.parse(refused.stdout) };
  const text = `${normalise(JSON.stringify(parsed, null, 2))}\n`;
  if (isUpdating) writeFileSync(goldenPath, text);
  expect(text).toBe(readFileSync(goldenPath, 'utf8'));
  // Every member of the golden file is described.
  const docs = readFileSync(join(import.meta.dirname, '../../../../docs/explain.md'), 'utf8');
  for (const member of Object.keys(parsed.admitted)) expect(docs).toContain(`\`${member}\``);
});

test.each([
  ['good', 0, /Verdict: +admit\n/, /hit\troute\thasSuffix \.acme\.org\tclient\.acme\.org/],
  ['misnamed', 1, /subject_not_allowed/, /--client-certificate-subject "client\.evil\.org"/],
  ['stranger', 1, /certificate_untrusted/, /show a certificate issued below CN=ca/],
  ['old', 1, /certificate_expired/, /renew the client certificate/],
])(
  'a person is told the verdict on a %s certificate, and what would change it',
  async (key, code, ...said) => {
    const { stdout, stderr, code: status } = await explain(HOST, '--cert', cert(key));
    expect({ status, stderr }).toEqual({ status: code, stderr: '' });
    for (const pattern of said) expect(stdout).toMatch(pattern);
  },
);

test('a rule that refuses whom its host admits is told, with its matchers', async () => {
  const { code, stdout } = await explain(HOST, '--path', '/admin/x', '--cert', cert('good'), '--json');
  expect(code).toBe(1);
  const { matchers, ...told } = JSON.parse(stdout);
  expect(told).toMatchObject({
    reason: 'subject_not_allowed',
    refusedAt: 'request',
    rule: { prefix: '/admin' },
  });
  expect(matchers.at(-1)).toEqual({
    matcher: { exact: 'admin.acme.org' },
    name: null,
    hit: false,
    of: 'rule',
  });
});

test('every reason and every check is in the docs', () => {
  const [explained = '', admission = ''] = ['explain', 'admission'].map((name) =>
    readFileSync(join(import.meta.dirname, `../../../../docs/${name}.md`), 'utf8'),
  );
  for (const reason of Object.keys(REFUSAL_REASONS)) expect(explained).toContain(`\`${reason}\``);
  for (const check of Object.keys(EVALUATION_CHECKS)) expect(explained + admission).toContain(`\`${check}\``);
});

test('no certificate is a refusal too; what is revoked is named', async () => {
  const without = await explain(HOST, '--json');
  expect(without.code).toBe(1);
  expect(JSON.parse(without.stdout)).toMatchObject({ reason: 'certificate_missing', refusedAt: 'handshake' });
  const before = JSON.parse((await explain(HOST, '--cert', cert('good'), '--json')).stdout);
  const [{ fingerprint }] = before.chain as [{ fingerprint: string }];
  const { resource } = await cli.client.revocations.create('default', {
    client: { by: 'fingerprint', fingerprint },
  });
  const revoked = await explain(HOST, '--cert', cert('good'), '--json');
  expect(JSON.parse(revoked.stdout)).toMatchObject({ verdict: 'refuse', reason: 'certificate_revoked' });
  await cli.client.revocations.delete('default', resource.id);
  expect((await explain(HOST, '--cert', cert('good'))).code).toBe(0);
});

test('a client on the list of its CA is refused, by the API and offline; one of another list is not', async () => {
  const script = `touch crlnumber; printf '%s\\n' 1A > crlnumber
    serial=$(openssl x509 -in good.crt -noout -serial | cut -d= -f2)
    printf 'R\\t300101000000Z\\t260101000000Z\\t%s\\tunknown\\t/CN=x\\n' $serial > index.txt
    printf '[ca]\\ndefault_ca=it\\n[it]\\ndatabase=index.txt\\ncrlnumber=crlnumber\\ndefault_md=sha256\\ndefault_crl_days=7\\n' > ca.cnf
    openssl ca -config ca.cnf -gencrl -cert ca.crt -keyfile ca.key -out list.pem
    openssl crl -in list.pem -outform DER -out list.der`;
  execFileSync('bash', ['-euc', script], { cwd: cli.directory, stdio: 'pipe' });
  const list = join(cli.directory, 'list.der');
  const created = await cli.postern([
    ...['secret', 'create', 'crl', 'my-list', '--crl', list, '--tls-ca', 'my-ca', '--no-wait'],
  ]);
  expect(created.code, created.stderr).toBe(0);
  const refused = await explain(HOST, '--cert', cert('good'), '--json');
  expect(JSON.parse(refused.stdout)).toMatchObject({
    reason: 'certificate_revoked',
    detail: 'the certificate: it is on the list my-list',
  });
  const other = JSON.parse((await explain(HOST, '--cert', cert('misnamed'), '--json')).stdout);
  expect(other.checks.at(-2)).toMatchObject({ name: 'revocation', detail: 'not on the list my-list' });
  await cli.client.secrets.delete('default', 'my-list');
  const offline = (...args: string[]) =>
    cli.postern([
      ...['route', 'validate', '-f', cert('route'), '--cert', cert('good'), '--ca', `my-ca=${cert('ca')}`],
      ...args,
    ]);
  expect(await offline('--crl', list)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('it is on the list'),
  });
  expect((await offline('--crl', cert('ca'))).code).toBe(3);
});

test('route validate judges a client offline, by the descriptor and CA files', async () => {
  const validate = (...args: string[]) => cli.postern(['route', 'validate', '-f', cert('route'), ...args]);
  const ca = ['--ca', `my-ca=${cert('ca')}`];
  const admitted = await validate('--cert', cert('good'), ...ca, '-o', 'json');
  expect(admitted.code).toBe(0);
  expect(JSON.parse(admitted.stdout)).toMatchObject({
    valid: true,
    client: { verdict: 'admit', anchor: { ca: 'my-ca' }, rule: { service: 'shop' } },
  });
  const refused = await validate('--cert', cert('stranger'), ...ca);
  expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('certificate_untrusted') });
  expect(await validate('--cert', cert('good'))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--ca my-ca=FILE'),
  });
  expect((await validate('--cert', cert('good'), '--ca', 'x')).code).toBe(2);
});

test('the certificates of a recorded refusal are judged by what holds now', async () => {
  const derOf = (key: string) => new X509Certificate(readFileSync(cert(key))).raw.toString('base64');
  const chainOf = (key: string) => fingerprintOf(`chain of ${key}`);
  const about = { host: HOST, sni: HOST, route: 'guarded' };
  const keys = ['good', 'stranger'];
  await reportLedger(cli, {
    refusals: [
      ...keys.map((key, index) => refusalOf(index + 1, { ...about, chain: chainOf(key) })),
      refusalOf(3, { ...about, chain: null, reason: 'certificate_missing' }),
      refusalOf(4, { ...about, chain: null }),
      refusalOf(5, { ...about, chain: chainOf('garbage') }),
    ],
    chains: [
      ...keys.map((key) => ({ hash: chainOf(key), trusted: false, certificates: [derOf(key)] })),
      { hash: chainOf('garbage'), trusted: false, certificates: ['AAAA'] },
    ],
  });
  const told: unknown[] = [];
  for (const number of [1, 2, 3, 5]) {
    const { stdout } = await explain('--refusal', refusalOf(number).id, '--json');
    const { verdict, reason } = JSON.parse(stdout);
    told.push([verdict, reason]);
  }
  expect(told).toEqual([
    ['admit', null],
    ['refuse', 'certificate_untrusted'],
    ['refuse', 'certificate_missing'],
    ['refuse', 'certificate_invalid'],
  ]);
  expect(await explain('--refusal', refusalOf(4).id)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('are not kept'),
  });
});

test('wrong words are 2, unknown hosts and refusals 5, files that are no certificates 3', async () => {
  expect((await explain()).code).toBe(2);
  expect((await explain('https://a.shop.localhost/', '--cert', cert('good'))).code).toBe(2);
  expect((await explain(HOST, '--path', 'x', '--cert', cert('good'))).code).toBe(2);
  expect((await explain('none.localhost', '--cert', cert('good'))).code).toBe(5);
  expect((await explain('--refusal', '0mib3k5c0-9f86d081884c7d65')).code).toBe(5);
  expect((await explain(HOST, '--cert', cli.file('bad.crt', 'x'))).code).toBe(3);
});
