import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { createDevAuthority, issueDevCertificate } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../../testing/cli-harness.ts';
import { refusalOf, reportLedger, sightingOf } from '../../testing/ledger-report.ts';

let cli: CliHarness;
const body = (subject: string) => `
host: shop.example.org
tls: {clientValidationCa: {name: ca}}
validation: {clientCertificate: {subjectMatches: [{exact: ${subject}}]}}
routes: [{prefix: /, route: {service: echo}}]
`;

beforeAll(async () => {
  cli = await startCliHarness();
  const now = Date.now();
  const ca = await createDevAuthority({ name: 'ca', days: 30, now });
  const leaf = { role: 'client', name: 'jane.acme.org', alternativeNames: [], days: 1, now } as const;
  const jane = new X509Certificate((await issueDevCertificate({ ...leaf, issuer: ca })).certPem).raw;
  await cli.client.services.create('default', { name: 'echo', spec: { targets: ['http://127.0.0.1:9'] } });
  await cli.client.secrets.put('default', 'ca', { secret: { type: 'tls-ca', cert: ca.certPem } });
  const tls = { clientValidationCa: { name: 'ca' } };
  const routes = [{ prefix: '/', route: { service: 'echo' } }];
  await cli.client.routes.create('default', {
    name: 'shop',
    spec: { host: 'shop.example.org', tls, routes },
  });
  const chain = createHash('sha256').update(jane).digest('hex');
  await reportLedger(cli, {
    sightings: [sightingOf('jane', { chain })],
    refusals: [refusalOf(1)],
    chains: [{ hash: chain, trusted: true, certificates: [jane.toString('base64')] }],
  });
  cli.file('same.yaml', body('jane.acme.org'));
  cli.file('other.yaml', body('boss.acme.org'));
  cli.file('elsewhere.yaml', body('boss.acme.org').replace('shop.', 'elsewhere.'));
});
afterAll(async () => cli?.[Symbol.asyncDispose]());

const validate = (...args: string[]) =>
  cli.postern([
    ...['route', 'validate'],
    ...args.map((arg) => (arg.endsWith('.yaml') ? join(cli.directory, arg) : arg)),
  ]);

test('a file that changes nobody is 0, one that does is 1 and says who, with what was not looked at', async () => {
  const same = await validate('-f', 'same.yaml', '--replay', '7d');
  expect(same, same.stderr).toMatchObject({ code: 0 });
  expect(same.stdout).toMatch(/1 client of route shop seen since .*: all stay where they are/);
  expect(same.stderr).toContain('note: the certificates of 1 more are not kept');

  const other = await validate('-f', 'other.yaml', '--replay', '7d');
  expect(other, other.stderr).toMatchObject({ code: 1 });
  expect(other.stdout).toMatch(/^CN=jane\s+admit\s+refuse \(subject_not_allowed\)\s+all/m);

  const json = await validate('shop', '-f', 'elsewhere.yaml', '--replay', '7d', '-o', 'json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    valid: true,
    replay: { clients: 1, unknown: 1, changes: [{ subject: 'CN=jane', path: null }] },
  });
});

test('a file for a host that no route serves is 5, one that names what is not there 3', async () => {
  const elsewhere = await validate('-f', 'elsewhere.yaml', '--replay', '7d');
  expect(elsewhere).toMatchObject({ code: 5, stderr: expect.stringContaining('nobody was seen there') });
  cli.file('gone.yaml', body('a').replace('name: ca', 'name: gone'));
  expect(await validate('-f', 'gone.yaml', '--replay', '7d')).toMatchObject({ code: 3 });
  expect(await validate('-f', 'same.yaml', '--replay', 'soon')).toMatchObject({ code: 2 });
});
