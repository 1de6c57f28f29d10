import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { createDnsResolver } from '@postern/certificates';
import { hostname, type Revision } from '@postern/contracts';
import { openCertificateKey } from '@postern/pki';
import type { Store } from '@postern/store';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { takeFreePorts } from '../platform/free-ports.ts';
import { type ChallengeServer, startChallengeServer } from './challtestsrv.ts';
import { isIssued, Lab, project, serveHosts, untilOrder } from './lab.ts';
import { startNameServer } from './name-server.ts';
import { EXTERNAL_ACCOUNTS, type Pebble, startPebble } from './pebble.ts';

// Beside other work on a small machine each step takes long.
vi.setConfig({ testTimeout: 240_000 });

/** Milliseconds after which another process may change the key of an account. */
const ROLLOVER_OVER_MS = 61_000;

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

const hasNameServer = spawnSync('named', ['-V']).error === undefined;

test.skipIf(!hasNameServer)(
  'a wildcard and its parent are proved by dns-01, through updates of a name server that are signed with TSIG',
  async () => {
    await using zone = await startNameServer('test');
    const [httpPort = 0, tlsPort = 0] = await takeFreePorts(2);
    await using ca = await startPebble({ dnsServer: zone.address, httpPort, tlsPort, nonceReject: 50 });
    const own = new Lab();
    try {
      const ownStore = await own.open();
      await serveHosts(ownStore, ['*.wild.test', 'wild.test']);
      await own.start(ownStore, {
        POSTERN_ACME_DIRECTORY_URL: ca.directoryUrl,
        POSTERN_ACME_CA_BUNDLE: ca.bundleFile,
        POSTERN_ACME_CHALLENGES: 'dns-01',
        POSTERN_ACME_DNS_PROVIDER: 'rfc2136',
        POSTERN_ACME_RFC2136_SERVER: zone.address,
        POSTERN_ACME_RFC2136_KEY_FILE: zone.keyFile,
        POSTERN_DNS_SERVERS: zone.address,
      });
      for (const host of ['*.wild.test', 'wild.test']) {
        const { certificate, attempts } = await untilOrder(ownStore, host, isIssued);
        expect([certificate?.issuer, attempts]).toEqual([ca.directoryUrl, 0]);
      }
      const left = await createDnsResolver([zone.address]).lookUp('_acme-challenge.wild.test', 'TXT');
      expect(left.records).toEqual([]);
    } finally {
      await own[Symbol.asyncDispose]();
    }
  },
);

test('a certificate that is to be revoked is revoked at its CA, and replaced at once', async () => {
  const worker = await lab.start(store, env);
  await serveHosts(store, ['revoked.example.test']);
  const host = hostname.parse('revoked.example.test');
  const { certificate } = await untilOrder(store, host, isIssued);
  const serial = new X509Certificate(certificate?.document.chainPem ?? '').serialNumber.toLowerCase();
  await store.requestRevocation(project, host, 'superseded');
  const { certificate: next } = await untilOrder(
    store,
    host,
    (order) =>
      isIssued(order) && order.certificate?.document.fingerprint !== certificate?.document.fingerprint,
  );
  expect(await pebble.statusOf(serial)).toBe('Revoked');
  expect(next).toMatchObject({ id: certificate?.id, replacedReason: 'revoked', revokedAt: null });
  await worker.stop();
});

test('a renewal that somebody asks for is done at once', async () => {
  const worker = await lab.start(store, env);
  await serveHosts(store, ['renewed.example.test']);
  const host = hostname.parse('renewed.example.test');
  const { certificate } = await untilOrder(store, host, isIssued);
  await store.requestRenewal(project, host);
  const { certificate: next } = await untilOrder(
    store,
    host,
    (order) => isIssued(order) && order.certificate?.replacedReason === 'requested',
  );
  expect(next?.document.fingerprint).not.toBe(certificate?.document.fingerprint);
  await worker.stop();
});

test.each([
  ['before the CA sees it', 'unsent'],
  ['after the CA has answered', 'answered'],
])(
  'a change of the account key that breaks off %s: the next start finds out which key counts',
  async (_, point) => {
    const account = () => store.getAcmeAccount(pebble.directoryUrl);
    const issue = async (host: string): Promise<void> => {
      const worker = await lab.start(store, env);
      await serveHosts(store, [host]);
      await untilOrder(store, host, isIssued);
      await worker.stop();
    };
    await issue(`${point}-1.example.test`);
    const former = await account();
    lab.aheadMs += ROLLOVER_OVER_MS;
    const broken = await lab.start(
      {
        ...store,
        // A key that is older than a year.
        getAcmeAccount: async () => null,
        ensureAcmeAccount: async (record) => ({ ...(await store.ensureAcmeAccount(record)), createdAt: 0 }),
        async saveAcmeAccount(record) {
          if (record.nextSealedKey === null) throw new Error('the end, after the answer');
          const saved = await store.saveAcmeAccount(record);
          if (point === 'unsent') throw new Error('the end, before the request');
          return saved;
        },
      },
      env,
    );
    await serveHosts(store, [`${point}-2.example.test`]);
    await untilOrder(store, `${point}-2.example.test`, ({ state }) => state === 'failing');
    await broken.stop();
    const left = await account();
    expect(left).toMatchObject({ sealedKey: former?.sealedKey, nextSealedKey: expect.any(String) });

    // The lease of the broken one still lasts: which key counts is found out and not written.
    await issue(`${point}-3.example.test`);
    expect(await account()).toEqual(left);
    lab.aheadMs += ROLLOVER_OVER_MS;
    await issue(`${point}-4.example.test`);
    const settled = await account();
    expect(settled).toMatchObject({ nextSealedKey: null, accountUrl: former?.accountUrl });
    expect(settled?.sealedKey).toBe(point === 'answered' ? left?.nextSealedKey : former?.sealedKey);
  },
);

test('the chain of another root is served where it is preferred', async () => {
  const root = new X509Certificate(await pebble.rootPem(1));
  const worker = await lab.start(store, {
    ...env,
    POSTERN_ACME_PREFERRED_CHAIN: root.subject.replace('CN=', ''),
  });
  await serveHosts(store, ['chain.example.test']);
  const { certificate } = await untilOrder(store, 'chain.example.test', isIssued);
  const pems = certificate?.document.chainPem.match(/-----BEGIN[\s\S]+?END CERTIFICATE-----/g) ?? [];
  expect(pems).toHaveLength(3);
  expect(new X509Certificate(pems.at(-1) ?? '').verify(root.publicKey)).toBe(true);
  await worker.stop();
});

test('an answer that the CA cannot see is told in its words, and the next kind of challenge is tried', async () => {
  const worker = await lab.start(
    { ...store, putChallenge: putNothingFor('http-01') },
    {
      ...env,
      POSTERN_ACME_CHALLENGES: 'http-01,tls-alpn-01',
    },
  );
  await serveHosts(store, ['unseen.example.test']);
  const { lastError } = await untilOrder(store, 'unseen.example.test', ({ state }) => state === 'failing');
  expect(lastError).toMatchObject({
    code: 'challenge_failed',
    detail: expect.stringContaining('did not accept http-01 for unseen.example.test: unauthorized'),
  });
  const { certificate } = await untilOrder(store, 'unseen.example.test', isIssued);
  expect(certificate?.issuer).toBe(pebble.directoryUrl);
  await worker.stop();
});

function putNothingFor(type: string): Store['putChallenge'] {
  return async (challenge) => {
    if (challenge.type !== type) return await store.putChallenge(challenge);
    return { revision: 0 as Revision };
  };
}

describe.each([['tls-alpn-01'], ['http-01']])('%s', (type) => {
  test('hosts get certificates of the CA, each with one order, although it refuses half of the nonces and demands an external account', async () => {
    lab.logged.length = 0;
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
