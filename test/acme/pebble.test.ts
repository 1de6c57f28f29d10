import { X509Certificate } from 'node:crypto';
import { openCertificateKey } from '@postern/pki';
import type { Store } from '@postern/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ChallengeServer, startChallengeServer } from './challtestsrv.ts';
import { takeFreePorts } from './free-ports.ts';
import { isIssued, Lab, serveHosts, untilOrder } from './lab.ts';
import { EXTERNAL_ACCOUNTS, type Pebble, startPebble } from './pebble.ts';

let lab: Lab;
let store: Store;
let answers: ChallengeServer;
let pebble: Pebble;
let env: Record<string, string>;

beforeAll(async () => {
  const [httpPort = 0, tlsPort = 0] = await takeFreePorts(2);
  answers = await startChallengeServer({ httpPort, tlsPort });
  pebble = await startPebble({
    dnsServer: answers.dns,
    httpPort,
    tlsPort,
    nonceReject: 50,
    authorizationReuse: 50,
    alternateRoots: 1,
    externalAccounts: true,
  });
  lab = new Lab();
  store = await lab.open(answers);
  env = {
    POSTERN_ACME_DIRECTORY_URL: pebble.directoryUrl,
    POSTERN_ACME_CA_BUNDLE: pebble.bundleFile,
    POSTERN_ACME_EMAIL: 'admin@example.test',
    POSTERN_ACME_EAB_KEY_ID: 'kid-1',
    POSTERN_ACME_EAB_HMAC_KEY: EXTERNAL_ACCOUNTS['kid-1'],
    POSTERN_DNS_SERVERS: answers.dns,
  };
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await pebble[Symbol.asyncDispose]();
  await answers[Symbol.asyncDispose]();
});

describe.each([['tls-alpn-01'], ['http-01']])('%s', (type) => {
  test('hosts get certificates of the CA, each with one order, although it refuses half of the nonces and demands an external account', async () => {
    const worker = await lab.start(store, { ...env, POSTERN_ACME_CHALLENGES: type });
    const hosts = [0, 1, 2, 3].map((n) => `${type}-${n}.example.test`);
    await serveHosts(store, hosts);
    for (const host of hosts) {
      const { certificate, attempts } = await untilOrder(store, host, isIssued);
      expect(attempts).toBe(0);
      expect(certificate?.issuer).toBe(pebble.directoryUrl);
      expect(certificate?.document.names).toEqual([host]);
      const leaf = new X509Certificate(certificate?.document.chainPem ?? '');
      const key = openCertificateKey(lab.masterKey, certificate?.document.sealedKey ?? '');
      expect(key.toString()).toContain('PRIVATE KEY');
      expect(leaf.checkHost(host)).toBe(host);
      expect(await pebble.statusOf(leaf.serialNumber.toLowerCase())).toBe('Valid');
    }
    expect(await store.listChallenges()).toEqual([]);
    expect(lab.logged.filter(({ message }) => message === 'certificate not issued')).toEqual([]);
    await worker.stop();
  });
});
