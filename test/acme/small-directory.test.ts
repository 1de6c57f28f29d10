import { readFile, writeFile } from 'node:fs/promises';
import type { Store } from '@postern/store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ChallengeServer, startChallengeServer } from './challtestsrv.ts';
import { isIssued, Lab, orderOf, serveHosts, untilOrder } from './lab.ts';
import { type SmallDirectory, startSmallDirectory } from './small-directory.ts';

const DAY_MS = 86_400_000;
const WAIT = { timeout: 30_000, interval: 50 };

// Beside other work on a small machine each step takes long.
vi.setConfig({ testTimeout: 240_000 });

let lab: Lab;
let store: Store;
let dns: ChallengeServer;
const directories: SmallDirectory[] = [];

beforeAll(async () => {
  dns = await startChallengeServer();
});
afterAll(() => dns[Symbol.asyncDispose]());
beforeEach(async () => {
  lab = new Lab();
  store = await lab.open();
});
afterEach(async () => {
  await lab[Symbol.asyncDispose]();
  for (const directory of directories.splice(0)) await directory[Symbol.asyncDispose]();
});

async function startDirectory(...options: Parameters<typeof startSmallDirectory>): Promise<SmallDirectory> {
  const directory = await startSmallDirectory(...options);
  directories.push(directory);
  return directory;
}

function envOf(...used: SmallDirectory[]): Record<string, string> {
  return {
    POSTERN_ACME_DIRECTORY_URL: used.map(({ url }) => url).join(','),
    POSTERN_ACME_CA_BUNDLE: used.at(-1)?.bundleFile ?? '',
    POSTERN_DNS_SERVERS: dns.dns,
  };
}

const at = (inMs: number): string => new Date(lab.now() + inMs).toISOString();

describe('renewal information', () => {
  test('renewal moves into the window of the CA, which is asked again after its Retry-After; a window that is over renews at once and says what it replaces', async () => {
    const directory = await startDirectory();
    directory.window = { start: at(20 * DAY_MS), end: at(21 * DAY_MS), retryAfter: '3600' };
    await lab.start(store, envOf(directory));
    await serveHosts(store, ['a.example.test']);
    const { certificate } = await untilOrder(store, 'a.example.test', isIssued);
    const inWindow = await untilOrder(
      store,
      'a.example.test',
      ({ nextAttemptAt }) =>
        nextAttemptAt >= Date.parse(directory.window.start) &&
        nextAttemptAt <= Date.parse(directory.window.end),
    );
    expect(inWindow.certificate?.document).toEqual(certificate?.document);
    const looks = () => directory.asked.filter((path) => path.startsWith('/renewal-info/'));
    expect(looks()).toEqual([`/renewal-info/${certificate?.ariCertId}`]);
    directory.window = { start: at(-2 * DAY_MS), end: at(-DAY_MS) };
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(looks()).toHaveLength(1);
    lab.aheadMs += 3_601_000;
    const replaced = await untilOrder(
      store,
      'a.example.test',
      (order) => isIssued(order) && order.certificate?.ariCertId !== certificate?.ariCertId,
    );
    expect(replaced.certificate?.replacedReason).toBe('ari');
    expect(directory.orders.map(({ replaces }) => replaces)).toEqual([undefined, certificate?.ariCertId]);
  });

  test('a CA that wants each certificate replaced at once gets one order more, and then one an hour', async () => {
    const directory = await startDirectory();
    directory.window = { start: at(-2 * DAY_MS), end: at(-DAY_MS) };
    await lab.start(store, envOf(directory));
    await serveHosts(store, ['a.example.test']);
    await untilOrder(
      store,
      'a.example.test',
      (order) => isIssued(order) && order.certificate?.replacedReason === 'ari',
    );
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(directory.orders).toHaveLength(2);
    lab.aheadMs += 3_601_000;
    await vi.waitFor(() => expect(directory.orders).toHaveLength(3), WAIT);
  });

  test('a CA that does not know what is replaced, or has it replaced already, is asked without it', async () => {
    const directory = await startDirectory();
    directory.refuseOrder = () =>
      directory.orders.at(-1)?.replaces === undefined
        ? null
        : { status: 409, type: 'alreadyReplaced', detail: 'somebody was here' };
    await lab.start(store, envOf(directory));
    await serveHosts(store, ['a.example.test']);
    const first = await untilOrder(store, 'a.example.test', isIssued);
    await store.updateOrder(first.id, { nextAttemptAt: lab.now(), renewReason: 'requested' });
    await untilOrder(
      store,
      'a.example.test',
      (order) => isIssued(order) && order.certificate?.replacedReason === 'requested',
    );
    expect(directory.orders.map(({ replaces }) => replaces !== undefined)).toEqual([false, true, false]);
  });
});

test('certificates of six days are renewed at one third of their life', async () => {
  const directory = await startDirectory({ hasRenewalInfo: false });
  directory.lifeDays = 6;
  await lab.start(store, envOf(directory));
  await serveHosts(store, ['a.example.test']);
  const { nextAttemptAt, certificate } = await untilOrder(store, 'a.example.test', isIssued);
  const leftMs = Date.parse(certificate?.document.notAfter ?? '') - nextAttemptAt;
  expect(certificate?.ariCertId).toBeNull();
  expect(leftMs / DAY_MS).toBeGreaterThanOrEqual(2);
  expect(leftMs / DAY_MS).toBeLessThan(2.3);
});

describe('profiles', () => {
  test('the chosen profile is asked for', async () => {
    const directory = await startDirectory({ profiles: ['classic', 'shortlived'] });
    await lab.start(store, { ...envOf(directory), POSTERN_ACME_PROFILE: 'shortlived' });
    await serveHosts(store, ['a.example.test']);
    await untilOrder(store, 'a.example.test', isIssued);
    expect(directory.orders.map(({ profile }) => profile)).toEqual(['shortlived']);
  });

  test('one that the CA does not have costs no order, and the error names those it has', async () => {
    const directory = await startDirectory({ profiles: ['classic'] });
    await lab.start(store, { ...envOf(directory), POSTERN_ACME_PROFILE: 'short' });
    await serveHosts(store, ['a.example.test']);
    const { lastError } = await untilOrder(store, 'a.example.test', ({ state }) => state === 'failing');
    expect(lastError).toMatchObject({
      code: 'ca_refused',
      detail: expect.stringContaining('offers classic'),
    });
    expect(directory.orders).toEqual([]);
  });
});

describe('rate limits', () => {
  test('a limit of one registered domain holds its names until Retry-After, over a restart, and no others', async () => {
    const directory = await startDirectory();
    directory.refuseOrder = (names) =>
      names.some((name) => name.endsWith('.full.test'))
        ? {
            status: 429,
            type: 'rateLimited',
            detail: 'too many certificates for "full.test"',
            retryAfter: '900',
          }
        : null;
    const worker = await lab.start(store, envOf(directory));
    await serveHosts(store, ['a.full.test']);
    const held = await untilOrder(store, 'a.full.test', ({ state }) => state === 'failing');
    expect(held).toMatchObject({ attempts: 0, lastError: { code: 'rate_limited' } });
    expect(held.lastError?.problemType).toBe('urn:ietf:params:acme:error:rateLimited');
    expect(held.nextAttemptAt - lab.now()).toBeGreaterThan(880_000);
    await worker.stop();
    await lab.start(store, envOf(directory));
    await serveHosts(store, ['b.full.test', 'c.free.test']);
    await untilOrder(store, 'c.free.test', isIssued);
    const second = await untilOrder(store, 'b.full.test', ({ state }) => state === 'failing');
    expect(second.lastError?.detail).toContain('full.test');
    expect(directory.orders.map(({ identifiers }) => identifiers[0]?.value)).toEqual([
      'a.full.test',
      'c.free.test',
    ]);
    directory.refuseOrder = () => null;
    lab.aheadMs += 920_000;
    await untilOrder(store, 'a.full.test', isIssued);
    await untilOrder(store, 'b.full.test', isIssued);
  });

  test('a limit of one name holds that name alone', async () => {
    const directory = await startDirectory();
    directory.refuseOrder = (names) =>
      names.includes('a.full.test')
        ? {
            status: 429,
            type: 'rateLimited',
            detail: 'too many failures for "a.full.test"',
            retryAfter: '900',
          }
        : null;
    await lab.start(store, envOf(directory));
    await serveHosts(store, ['a.full.test']);
    await untilOrder(store, 'a.full.test', ({ state }) => state === 'failing');
    await serveHosts(store, ['b.full.test']);
    await untilOrder(store, 'b.full.test', isIssued);
  });

  test('a CA that is busy (503) is left alone for as long as it says', async () => {
    const directory = await startDirectory();
    directory.refuseOrder = () => ({
      status: 503,
      type: 'serverInternal',
      detail: 'busy',
      retryAfter: '600',
    });
    await lab.start(store, envOf(directory));
    await serveHosts(store, ['a.one.test']);
    await untilOrder(store, 'a.one.test', ({ state }) => state === 'failing');
    await serveHosts(store, ['b.two.test']);
    await untilOrder(store, 'b.two.test', ({ state }) => state === 'failing');
    expect(directory.orders).toHaveLength(1);
  });
});

describe('several CAs', () => {
  test('the next one issues where the first refuses, and the first one is asked first again', async () => {
    const [first, second] = [await startDirectory(), await startDirectory()];
    first.refuseOrder = () => ({ status: 403, type: 'rejectedIdentifier', detail: 'not this one' });
    await lab.start(store, await bothOf(first, second));
    await serveHosts(store, ['a.example.test']);
    const { certificate } = await untilOrder(store, 'a.example.test', isIssued);
    expect(certificate?.issuer).toBe(second.url);
    first.refuseOrder = () => null;
    await serveHosts(store, ['b.example.test']);
    expect((await untilOrder(store, 'b.example.test', isIssued)).certificate?.issuer).toBe(first.url);
  });

  test('where none is there, the error names each of them', async () => {
    const [first, second] = [await startDirectory(), await startDirectory()];
    const env = await bothOf(first, second);
    for (const directory of directories.splice(0)) await directory[Symbol.asyncDispose]();
    await lab.start(store, env);
    await serveHosts(store, ['a.example.test']);
    const { lastError, attempts } = await untilOrder(
      store,
      'a.example.test',
      ({ state }) => state === 'failing',
    );
    expect(lastError?.code).toBe('ca_unreachable');
    for (const { url } of [first, second])
      expect(lastError?.detail).toContain(`the CA at ${new URL(url).host} cannot be reached: ECONNREFUSED`);
    expect(attempts).toBeGreaterThan(0);
  });
});

/** Settings for both, with one bundle that vouches for both. */
async function bothOf(first: SmallDirectory, second: SmallDirectory): Promise<Record<string, string>> {
  const bundle = `${lab.folder}/bundle.pem`;
  await writeFile(
    bundle,
    (await readFile(first.bundleFile, 'utf8')) + (await readFile(second.bundleFile, 'utf8')),
  );
  return { ...envOf(first, second), POSTERN_ACME_CA_BUNDLE: bundle };
}

test('the key of the account is replaced after a year, and orders go on with the new one', async () => {
  const directory = await startDirectory();
  directory.lifeDays = 900;
  const worker = await lab.start(store, envOf(directory));
  await serveHosts(store, ['a.example.test']);
  await untilOrder(store, 'a.example.test', isIssued);
  const before = await store.getAcmeAccount(directory.url);
  await worker.stop();
  lab.aheadMs += 366 * DAY_MS;
  await lab.start(store, envOf(directory));
  await serveHosts(store, ['b.example.test']);
  await untilOrder(store, 'b.example.test', isIssued);
  const after = await store.getAcmeAccount(directory.url);
  expect(after).toMatchObject({ accountUrl: before?.accountUrl, nextSealedKey: null });
  expect(after?.sealedKey).not.toBe(before?.sealedKey);
  expect(directory.asked.filter((path) => path === '/key-change')).toHaveLength(1);
});

test('an account that the CA has forgotten is made again under the same key, and the order goes on', async () => {
  const directory = await startDirectory();
  const refusals = [{ status: 400, type: 'accountDoesNotExist', detail: 'who are you?' }];
  directory.refuseOrder = () => refusals.pop() ?? null;
  await lab.start(store, envOf(directory));
  await serveHosts(store, ['a.example.test']);
  expect((await untilOrder(store, 'a.example.test', isIssued)).attempts).toBe(0);
  expect(lab.logged.filter(({ message }) => message === 'certificate not issued')).toEqual([]);
});

test('a wildcard without a DNS provider costs no order, and the error says what to set', async () => {
  const directory = await startDirectory();
  await lab.start(store, envOf(directory));
  await serveHosts(store, ['*.example.test']);
  const { lastError } = await untilOrder(store, '*.example.test', ({ state }) => state === 'failing');
  expect(lastError?.detail).toContain('POSTERN_ACME_DNS_PROVIDER');
  expect(directory.orders).toEqual([]);
});

describe('DNS before an order is spent', () => {
  test('a CAA record that forbids the CA is named, wherever above the name it stands; once it is gone the order is made', async () => {
    const directory = await startDirectory();
    await dns.set('add-caa', { host: 'closed.test.', policies: [{ tag: 'issue', value: 'other.example' }] });
    await lab.start(store, envOf(directory));
    await serveHosts(store, ['a.b.closed.test']);
    const { lastError } = await untilOrder(store, 'a.b.closed.test', ({ state }) => state === 'failing');
    expect(lastError).toMatchObject({
      code: 'caa_forbids',
      detail: expect.stringContaining('closed.test. CAA 0 issue "other.example"'),
    });
    expect(directory.orders).toEqual([]);
    await dns.set('clear-caa', { host: 'closed.test.' });
    await untilOrder(store, 'a.b.closed.test', isIssued);
  });

  test('a server that fails is named with what it answered', async () => {
    const directory = await startDirectory();
    await dns.set('set-servfail', { host: 'broken.test.' });
    await lab.start(store, envOf(directory));
    await serveHosts(store, ['broken.test']);
    const { lastError } = await untilOrder(store, 'broken.test', ({ state }) => state === 'failing');
    expect(lastError?.code).toBe('dns_unresolvable');
    expect(lastError?.detail).toMatch(/of broken\.test: SERVFAIL from 127\.0\.0\.1:\d+/);
    expect(directory.orders).toEqual([]);
    await dns.set('clear-servfail', { host: 'broken.test.' });
    await untilOrder(store, 'broken.test', isIssued);
  });
});

test('hosts of one registered domain that wait together share certificates where this is set', async () => {
  const directory = await startDirectory();
  await serveHosts(store, ['a.one.test', 'b.one.test', 'c.one.test', 'd.two.test']);
  await lab.start(store, { ...envOf(directory), POSTERN_ACME_NAMES_PER_CERTIFICATE: '2' });
  for (const host of ['a.one.test', 'b.one.test', 'c.one.test', 'd.two.test'])
    await untilOrder(store, host, isIssued);
  const ordered = directory.orders.map(({ identifiers }) =>
    identifiers
      .map(({ value }) => value)
      .sort()
      .join(),
  );
  expect(ordered.sort()).toEqual(['a.one.test,b.one.test', 'c.one.test', 'd.two.test']);
  expect((await orderOf(store, 'a.one.test')).certificate?.document.names.toSorted()).toEqual([
    'a.one.test',
    'b.one.test',
  ]);
});

test('what the local CA issued before there was a CA is taken over by it; names that no CA issues for stay', async () => {
  const directory = await startDirectory();
  const before = await lab.start(store, {});
  await serveHosts(store, ['a.example.test', 'a.localhost']);
  for (const host of ['a.example.test', 'a.localhost'])
    expect((await untilOrder(store, host, isIssued)).certificate?.issuer).toBe('local');
  await before.stop();
  await lab.start(store, envOf(directory));
  await untilOrder(store, 'a.example.test', ({ certificate }) => certificate?.issuer === directory.url);
  expect((await orderOf(store, 'a.localhost')).certificate?.issuer).toBe('local');
});

test('of several workers each order is made by one', async () => {
  const directory = await startDirectory();
  const other = await lab.open();
  await lab.start(store, envOf(directory));
  await lab.start(other, envOf(directory));
  const hosts = Array.from({ length: 12 }, (_, n) => `h${n}.d${n % 4}.test`);
  await serveHosts(store, hosts);
  for (const host of hosts) await untilOrder(store, host, isIssued);
  await vi.waitFor(() => expect(directory.orders).toHaveLength(12), WAIT);
});
