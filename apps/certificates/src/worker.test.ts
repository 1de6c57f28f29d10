import { X509Certificate } from 'node:crypto';
import { openCertificateKey, parseTlsSecret } from '@postern/pki';
import type { Store } from '@postern/store';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Issuer } from './issuer.ts';
import {
  interpose,
  readCertificate,
  serveHosts,
  unserveHost,
  WorkerHarness,
} from './testing/worker-harness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WAIT = { timeout: 60_000, interval: 10 };

let harness: WorkerHarness;
let store: Store;
let issuer: Issuer;
beforeEach(async () => {
  harness = new WorkerHarness();
  store = await harness.open();
  issuer = await harness.openIssuer(store);
});
afterEach(() => harness.dispose());

async function untilCertified(host: string) {
  return await vi.waitFor(async () => {
    const certificate = await readCertificate(store, host);
    expect(certificate).not.toBeNull();
    return certificate as NonNullable<typeof certificate>;
  }, WAIT);
}

/** Lets the worker look many times. */
const looks = () => new Promise((resolve) => setTimeout(resolve, 150));

describe('issuing', () => {
  test('hosts there are, hosts that come later and wildcard hosts each get a certificate that the local CA vouches for', async () => {
    await serveHosts(store, 'a.localhost', '*.shop.localhost');
    harness.start(store, issuer);
    await untilCertified('a.localhost');
    await serveHosts(store, 'later.localhost');
    const authority = await store.getAuthority('local');
    const ca = new X509Certificate(authority?.certPem ?? '');
    for (const host of ['a.localhost', '*.shop.localhost', 'later.localhost']) {
      const { document } = await untilCertified(host);
      const leaf = new X509Certificate(document.chainPem);
      expect(leaf.verify(ca.publicKey)).toBe(true);
      expect(leaf.checkHost(host.replace('*', 'x'))).toBeDefined();
      expect(document.names).toEqual([host]);
      const key = openCertificateKey(harness.masterKey, document.sealedKey).toString();
      expect(parseTlsSecret({ cert: document.chainPem, key }, harness.clock.now)).toMatchObject({ ok: true });
      expect(document.sealedKey).not.toContain(key.split('\n')[1]);
    }
    expect(await store.listDueOrders(harness.clock.now, 10)).toEqual([]);
  });

  test('each host is asked for once, however often the worker looks', async () => {
    const hosts = Array.from({ length: 30 }, (_, n) => `h${n}.localhost`);
    await serveHosts(store, ...hosts);
    const counted = interpose(issuer, () => undefined);
    harness.start(store, counted);
    for (const host of hosts) await untilCertified(host);
    await looks();
    expect([...counted.asked].sort()).toEqual([...hosts].sort());
  });

  test('a certificate that this clock takes for old already serves, and is not ordered over and over', async () => {
    await serveHosts(store, 'old.localhost');
    const counted = interpose(issuer, () => undefined);
    const old: Issuer = {
      ...counted,
      issue: async (...asked) => ({
        ...(await counted.issue(...asked)),
        renewAt: harness.clock.now - DAY_MS,
      }),
    };
    harness.start(store, old);
    await untilCertified('old.localhost');
    await looks();
    expect(counted.asked).toHaveLength(1);
    harness.clock.now += HOUR_MS;
    await vi.waitFor(() => expect(counted.asked).toHaveLength(2), WAIT);
  });

  test('a host whose route goes meanwhile is let go without a failure', async () => {
    await serveHosts(store, 'gone.localhost', 'kept.localhost');
    const counted = interpose(issuer, async (host) => {
      if (host === 'gone.localhost') await unserveHost(store, host);
    });
    harness.start(store, counted);
    await untilCertified('kept.localhost');
    await looks();
    expect(counted.asked.filter((host) => host === 'gone.localhost')).toHaveLength(1);
    expect(harness.logged.filter(({ message }) => message === 'certificate not issued')).toEqual([]);
  });
});

describe('renewal', () => {
  test('a successor comes at renewAt and not before, under the same id, as one change', async () => {
    await serveHosts(store, 'a.localhost');
    harness.start(store, issuer);
    const first = await untilCertified('a.localhost');
    const issuedAt = harness.clock.now;
    const life = Date.parse(first.document.notAfter) - Date.parse(first.document.notBefore);
    harness.clock.now = issuedAt + Math.floor((life * 2) / 3) - DAY_MS;
    await looks();
    expect(await readCertificate(store, 'a.localhost')).toEqual(first);
    const { revision: before } = await store.cursor();
    harness.clock.now += 2 * DAY_MS;
    await vi.waitFor(
      async () =>
        expect((await readCertificate(store, 'a.localhost'))?.document.fingerprint).not.toBe(
          first.document.fingerprint,
        ),
      WAIT,
    );
    await looks();
    const second = await readCertificate(store, 'a.localhost');
    expect(second?.id).toBe(first.id);
    expect(Date.parse(second?.document.notAfter ?? '')).toBeGreaterThan(Date.parse(first.document.notAfter));
    expect((await store.changesAfter(before, 10)).map(({ kind, id }) => [kind, id])).toEqual([
      ['certificate', first.id],
    ]);
  });

  test('while the successor cannot be had the present certificate stays', async () => {
    await serveHosts(store, 'a.localhost');
    let works = true;
    harness.start(
      store,
      interpose(issuer, () => {
        if (!works) throw new Error('the issuer is away');
      }),
    );
    const first = await untilCertified('a.localhost');
    works = false;
    harness.clock.now += 61 * DAY_MS;
    await vi.waitFor(() => expect(harness.logged.at(-1)?.message).toBe('certificate not issued'), WAIT);
    expect(await readCertificate(store, 'a.localhost')).toEqual(first);
  });
});

describe('failures', () => {
  test('a host that fails is tried again after waits that double, and holds up no other', async () => {
    await serveHosts(store, 'bad.localhost', 'good.localhost');
    let works = false;
    const flaky = interpose(issuer, (host) => {
      if (host === 'bad.localhost' && !works) throw new Error('refused');
    });
    const attempts = () => flaky.asked.filter((host) => host === 'bad.localhost').length;
    harness.start(store, flaky);
    await untilCertified('good.localhost');
    await vi.waitFor(() => expect(attempts()).toBe(1), WAIT);
    for (const [attempt, waitMs] of [1000, 2000, 4000].entries()) {
      // Other work wakes the worker, which leaves the waiting host alone all the same.
      await serveHosts(store, `more${attempt}.localhost`);
      await untilCertified(`more${attempt}.localhost`);
      harness.clock.now += waitMs - 1;
      await looks();
      expect(attempts()).toBe(attempt + 1);
      harness.clock.now += 1;
      await vi.waitFor(() => expect(attempts()).toBe(attempt + 2), WAIT);
    }
    works = true;
    harness.clock.now += 8000;
    await untilCertified('bad.localhost');
    const waits = harness.logged.flatMap(({ retryInMs }) => retryInMs ?? []);
    expect(waits).toEqual([1000, 2000, 4000, 8000]);
  });

  test('a store that cannot be read is tried again', async () => {
    await serveHosts(store, 'a.localhost');
    const { listDueOrders } = store;
    let isAway = true;
    const failing: Store = {
      ...store,
      listDueOrders: (...asked) =>
        isAway ? Promise.reject(new Error('the disk is away')) : listDueOrders(...asked),
    };
    harness.start(failing, issuer);
    await vi.waitFor(() => expect(harness.logged.length).toBeGreaterThan(0), WAIT);
    isAway = false;
    await untilCertified('a.localhost');
  });
});

test('one domain with very many hosts holds up no other', async () => {
  const many = Array.from({ length: 40 }, (_, n) => `h${n}.crowd.test`);
  await serveHosts(store, ...many, 'a.alone.test');
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = interpose(issuer, (host) => (host.endsWith('.crowd.test') ? held : undefined));
  harness.start(store, slow);
  await untilCertified('a.alone.test');
  await looks();
  expect(slow.asked.filter((host) => host.endsWith('.crowd.test'))).toHaveLength(8);
  release();
  for (const host of many) await untilCertified(host);
});

describe('stopping', () => {
  test('certificates under way are stored whole, no further one is begun, and the next worker goes on', async () => {
    const hosts = Array.from({ length: 20 }, (_, n) => `h${n}.localhost`);
    await serveHosts(store, ...hosts);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = interpose(issuer, () => held);
    const worker = harness.start(store, slow);
    await vi.waitFor(() => expect(slow.asked).toHaveLength(12), WAIT);
    await looks();
    expect(slow.asked).toHaveLength(12);
    let isStopped = false;
    const stopping = worker.stop().then(() => {
      isStopped = true;
    });
    await looks();
    expect(isStopped).toBe(false);
    release();
    await stopping;
    expect(slow.asked).toHaveLength(12);
    for (const host of slow.asked) expect(await readCertificate(store, host)).not.toBeNull();
    const stored = await store.cursor();
    await looks();
    expect(await store.cursor()).toEqual(stored);
    harness.start(store, issuer);
    for (const host of hosts) await untilCertified(host);
  });

  test('an idle worker stops at once, and stopping twice is no fault', async () => {
    const worker = harness.start(store, issuer);
    await looks();
    const startedAt = performance.now();
    await worker.stop();
    await worker.stop();
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});

describe('two workers on one store', () => {
  test('make one authority, leave every host with a whole certificate of it, and then rest', async () => {
    const other = await harness.open();
    const hosts = Array.from({ length: 20 }, (_, n) => `h${n}.localhost`);
    await serveHosts(store, ...hosts);
    const issuers = await Promise.all([harness.openIssuer(store), harness.openIssuer(other)]);
    harness.start(store, issuers[0]);
    harness.start(other, issuers[1]);
    for (const host of hosts) await untilCertified(host);
    await looks();
    const settled = await store.cursor();
    await looks();
    expect((await store.cursor()).revision).toBe(settled.revision);
    const ca = new X509Certificate((await store.getAuthority('local'))?.certPem ?? '');
    for (const host of hosts) {
      const { document } = await untilCertified(host);
      expect(new X509Certificate(document.chainPem).verify(ca.publicKey)).toBe(true);
      const key = openCertificateKey(harness.masterKey, document.sealedKey).toString();
      expect(parseTlsSecret({ cert: document.chainPem, key }, harness.clock.now)).toMatchObject({ ok: true });
    }
    expect(harness.logged.filter(({ message }) => message !== 'certificate issued')).toEqual([]);
  });
});
