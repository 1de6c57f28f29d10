import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCertificateKey, parseTlsSecret } from '@postern/pki';
import type { Store } from '@postern/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeFreePorts } from '../platform/free-ports.ts';
import { checkout, type Running, startProcess } from '../platform/platform.ts';
import { type AcmeProxy, startAcmeProxy } from './acme-proxy.ts';
import { type ChallengeServer, startChallengeServer } from './challtestsrv.ts';
import { type DnsWebhook, startDnsWebhook } from './dns-webhook.ts';
import { isIssued, Lab, orderOf, serveHosts, unserveHost, untilOrder } from './lab.ts';
import { type Pebble, startPebble } from './pebble.ts';

/** Milliseconds by which the clock of the next worker is ahead: the lease of the killed one has run out. */
const LEASE_OVER_MS = 16_000;
/** Milliseconds after which another process may change the key of an account. */
const ROLLOVER_OVER_MS = 61_000;
const DAY_MS = 86_400_000;

let lab: Lab;
let store: Store;
let answers: ChallengeServer;
let pebble: Pebble;
let proxy: AcmeProxy;
let webhook: DnsWebhook;

beforeAll(async () => {
  const [httpPort = 0, tlsPort = 0] = await takeFreePorts(2);
  answers = await startChallengeServer({ httpPort, tlsPort });
  pebble = await startPebble({ dnsServer: answers.dns, httpPort, tlsPort });
  proxy = await startAcmeProxy(pebble);
  webhook = await startDnsWebhook(answers);
  lab = new Lab();
  store = await lab.open(answers);
  writeFileSync(join(lab.folder, 'master.key'), lab.masterKey);
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await webhook[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await pebble[Symbol.asyncDispose]();
  await answers[Symbol.asyncDispose]();
});

/** A directory address of its own is an account of its own: `account` is told apart by it. */
function startWorker(type: string, account: string): Promise<Running> {
  return startProcess(
    join(checkout, 'node_modules/.bin/node'),
    [
      join(checkout, 'test/acme/worker-main.ts'),
      ...[lab.storeFile, join(lab.folder, 'master.key'), String(lab.aheadMs), answers.managementUrl],
    ],
    {
      POSTERN_ACME_DIRECTORY_URL: `${proxy.directoryUrl}${account}`,
      POSTERN_ACME_CA_BUNDLE: pebble.bundleFile,
      POSTERN_ACME_CHALLENGES: type,
      POSTERN_ACME_DNS_PROVIDER: 'webhook',
      POSTERN_ACME_DNS_WEBHOOK_URL: webhook.url,
      POSTERN_DNS_SERVERS: answers.dns,
    },
    /ready/,
  );
}

const isOrder = ({ path }: { path: string }): boolean => path.startsWith('/order-plz');

async function wholeRun(type: string, host: string, account: string): Promise<number> {
  proxy.reset();
  const worker = await startWorker(type, account);
  try {
    await serveHosts(store, [host]);
    await untilOrder(store, host, isIssued);
  } finally {
    await worker.stop('SIGKILL');
  }
  return proxy.passed.length;
}

/** Kills the worker at its n-th request to the CA, lets another one go on; gives what was asked at that point. */
async function crashAt(type: string, n: number, when: 'before' | 'after', account: string): Promise<string> {
  const host = `${when}-${n}.${type}.test`;
  proxy.reset();
  let at = '';
  const killed = Promise.withResolvers<void>();
  let worker: Running | undefined;
  const stopHere = (passing: { n: number; method: string; path: string }): boolean => {
    if (passing.n !== n) return true;
    at = `${passing.method} ${passing.path.split('/')[1] ?? ''}`;
    void worker?.stop('SIGKILL').then(() => killed.resolve());
    return false;
  };
  if (when === 'before') proxy.onRequest = stopHere;
  else proxy.onAnswer = stopHere;
  worker = await startWorker(type, account);
  await serveHosts(store, [host]);
  // How often a worker looks at a challenge or an order differs: it may be there before the last of the requests counted.
  const isThere = untilOrder(store, host, isIssued).then(
    () => true,
    () => killed.promise.then(() => false),
  );
  if (await Promise.race([killed.promise.then(() => false), isThere])) {
    await worker.stop('SIGKILL');
    await unserveHost(store, host);
    return 'issued with fewer requests';
  }
  proxy.onRequest = () => true;
  proxy.onAnswer = () => true;
  lab.aheadMs += LEASE_OVER_MS;
  const keyAtCrash = (await orderOf(store, host)).sealedKey;
  const next = await startWorker(type, account);
  try {
    const { certificate, attempts } = await untilOrder(store, host, isIssued);
    expect(attempts).toBe(0);
    const { chainPem, sealedKey } = certificate?.document ?? { chainPem: '', sealedKey: '' };
    if (keyAtCrash !== null) expect(sealedKey).toBe(keyAtCrash);
    const key = openCertificateKey(lab.masterKey, sealedKey).toString();
    expect(parseTlsSecret({ cert: chainPem, key }, lab.now())).toMatchObject({ ok: true });
    expect(proxy.passed.filter(isOrder).length, `orders when killed ${when} ${at}`).toBeLessThanOrEqual(2);
    expect(await store.listChallenges()).toEqual([]);
    expect(webhook.records()).toEqual([]);
  } finally {
    await next.stop('SIGKILL');
    await unserveHost(store, host);
  }
  return at;
}

test.each([
  ['http-01', 'an account there is'],
  ['tls-alpn-01', 'an account to be made'],
  ['dns-01', 'an account there is'],
])(
  'kill -9 at every request of %s with %s, before the CA sees it and after it has answered: at most one more order, no key lost, no answer left',
  async (type, account) => {
    const isNew = account.endsWith('made');
    await wholeRun(type, `whole-0.${type}.test`, '');
    const requests = await wholeRun(type, `whole-1.${type}.test`, isNew ? '?whole' : '');
    const points: string[] = [];
    for (let n = 1; n <= requests; n += 1) {
      for (const when of ['before', 'after'] as const)
        points.push(`${n} ${when} ${await crashAt(type, n, when, isNew ? `?${n}-${when}` : '')}`);
    }
    console.log(`${type}: ${points.length} crash points: ${points.join('; ')}`);
    expect(points.length).toBeGreaterThan(14);
  },
  1_800_000,
);

test.each(['before', 'after'] as const)(
  'kill -9 %s the CA takes another key of the account: the next worker issues, and keeps the key that the CA knows',
  async (when) => {
    const account = `?key-${when}`;
    const directoryUrl = `${proxy.directoryUrl}${account}`;
    await wholeRun('http-01', `key-${when}-1.test`, account);
    const former = await store.getAcmeAccount(directoryUrl);
    lab.aheadMs += 366 * DAY_MS;
    proxy.reset();
    const killed = Promise.withResolvers<void>();
    let worker: Running | undefined;
    const stopHere = ({ path }: { path: string }): boolean => {
      if (!path.startsWith('/rollover-account-key')) return true;
      void worker?.stop('SIGKILL').then(() => killed.resolve());
      return false;
    };
    if (when === 'before') proxy.onRequest = stopHere;
    else proxy.onAnswer = stopHere;
    worker = await startWorker('http-01', account);
    await serveHosts(store, [`key-${when}-2.test`]);
    await killed.promise;
    proxy.onRequest = () => true;
    proxy.onAnswer = () => true;
    const left = await store.getAcmeAccount(directoryUrl);
    expect(left).toMatchObject({ sealedKey: former?.sealedKey, nextSealedKey: expect.any(String) });

    // The order of the killed one goes on while its lease of the key still lasts; then it is settled which key counts.
    for (const [host, aheadMs] of [
      [`key-${when}-2.test`, LEASE_OVER_MS],
      [`key-${when}-3.test`, ROLLOVER_OVER_MS],
    ] as const) {
      lab.aheadMs += aheadMs;
      const next = await startWorker('http-01', account);
      await serveHosts(store, host.endsWith('2.test') ? [] : [host]);
      expect((await untilOrder(store, host, isIssued)).attempts).toBe(0);
      await next.stop('SIGKILL');
    }
    const settled = await store.getAcmeAccount(directoryUrl);
    expect(settled).toMatchObject({ nextSealedKey: null, accountUrl: former?.accountUrl });
    if (when === 'after') expect(settled?.sealedKey).toBe(left?.nextSealedKey);
    // It was old still: it is replaced as soon as it is settled.
    else expect([former?.sealedKey, left?.nextSealedKey]).not.toContain(settled?.sealedKey);
  },
  600_000,
);
