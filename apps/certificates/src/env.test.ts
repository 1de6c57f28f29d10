import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCertificatesEnv } from './env.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-certificates-env-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';

test('without settings the local CA issues, and nothing else is set', () => {
  expect(readCertificatesEnv({ POSTERN_ACME_DIRECTORY_URL: '' })).toMatchObject({
    directoryUrls: [],
    caBundlePem: null,
    email: null,
    externalAccounts: [],
    profile: null,
    preferredChain: null,
    challenges: ['tls-alpn-01', 'http-01'],
    dnsProvider: null,
    dnsPropagationMs: 60_000,
    dnsServers: [],
    namesPerCertificate: 1,
  });
});

test('CAs have short names, keep their order, and are matched with their external accounts by place', () => {
  const env = readCertificatesEnv({
    POSTERN_ACME_DIRECTORY_URL: 'letsencrypt-staging, https://ca.internal/dir',
    POSTERN_ACME_EAB_KEY_ID: ',kid',
    POSTERN_ACME_EAB_HMAC_KEY: `,${KEY}`,
  });
  expect(env.directoryUrls).toEqual([
    'https://acme-staging-v02.api.letsencrypt.org/directory',
    'https://ca.internal/dir',
  ]);
  expect(env.externalAccounts).toEqual([null, { keyId: 'kid', hmacKey: KEY }]);
});

test('one external account is for every CA that demands one; its key may stand in a file', () => {
  writeFileSync(join(folder, 'eab'), `${KEY}\n`);
  const { externalAccounts } = readCertificatesEnv({
    POSTERN_ACME_DIRECTORY_URL: 'letsencrypt,https://ca.internal/dir',
    POSTERN_ACME_EAB_KEY_ID: 'kid',
    POSTERN_ACME_EAB_HMAC_KEY_FILE: join(folder, 'eab'),
  });
  expect(externalAccounts.map((account) => account?.hmacKey)).toEqual([KEY, KEY]);
});

test('with a DNS provider dns-01 is the last choice, unless challenges are chosen', () => {
  const provider = {
    POSTERN_ACME_DNS_PROVIDER: 'rfc2136',
    POSTERN_ACME_RFC2136_SERVER: '127.0.0.1:53',
    POSTERN_ACME_RFC2136_KEY_FILE: '/etc/key',
  };
  expect(readCertificatesEnv(provider).challenges).toEqual(['tls-alpn-01', 'http-01', 'dns-01']);
  expect(readCertificatesEnv({ ...provider, POSTERN_ACME_CHALLENGES: 'dns-01' }).challenges).toEqual([
    'dns-01',
  ]);
});

test.each([
  ['POSTERN_ACME_DIRECTORY_URL', 'http://ca.internal/dir', 'https'],
  ['POSTERN_ACME_DIRECTORY_URL', 'letsencript', 'letsencrypt-staging'],
  ['POSTERN_ACME_CA_BUNDLE', '/nowhere/ca.pem', 'ENOENT'],
  ['POSTERN_ACME_EMAIL', 'a b', 'one address'],
  ['POSTERN_ACME_EAB_KEY_ID', 'kid', '0 keys'],
  ['POSTERN_ACME_CHALLENGES', 'dns-01', 'POSTERN_ACME_DNS_PROVIDER'],
  ['POSTERN_ACME_CHALLENGES', 'http', 'tls-alpn-01'],
  ['POSTERN_ACME_DNS_PROVIDER', 'route53', 'webhook'],
  ['POSTERN_ACME_RFC2136_SERVER', undefined, 'rfc2136'],
  ['POSTERN_DNS_SERVERS', 'dns.example.org', '192.0.2.53:53'],
  ['POSTERN_ACME_NAMES_PER_CERTIFICATE', '101', '100'],
  ['POSTERN_ACME_DNS_PROPAGATION_SECONDS', '0', '3600'],
])('a wrong %s (%s) is refused in words that name it and say what would do', (variable, value, words) => {
  const env = value === undefined ? { POSTERN_ACME_DNS_PROVIDER: 'rfc2136' } : { [variable]: value };
  expect(() => readCertificatesEnv(env)).toThrow(new RegExp(`^${variable}: .*${words}`));
});
