import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiler } from '@postern/compile';
import type { Hostname, Log, ResourceName } from '@postern/contracts';
import { openStore, type Store } from '@postern/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DnsResolver } from '../dns/dns-resolver.ts';
import { startHostnameWorker } from './hostname-worker.ts';

const PROJECT = 'shop' as ResourceName;
const LOG: Log = { info: () => {}, warn: () => {}, error: () => {} } as unknown as Log;

let directory: string;
let store: Store;
/** Addresses by name; how often each was asked for. */
let zone: Record<string, string>;
let asked: Record<string, number>;
const resolver = {
  servers: [],
  lookUp: async (host: string, type: string) => {
    if (type === 'A') asked[host] = (asked[host] ?? 0) + 1;
    const records = type === 'A' && zone[host] !== undefined ? [zone[host]] : [];
    return { records, exists: true, server: '' };
  },
} as unknown as DnsResolver;
const start = (on: Store = store) =>
  startHostnameWorker({
    ...{ store: on, resolver, log: LOG, now: () => Date.now(), random: () => 0.5 },
    publicEdge: { name: null, addresses: ['192.0.2.7'] },
  });

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-hostnames-'));
  store = await openStore({ url: `sqlite:${directory}/db`, compiler, now: () => Date.now(), pollMs: 20 });
  await store.ensureProject(PROJECT);
  zone = {};
  asked = {};
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

const add = (name: string) => store.addHostname(PROJECT, name as Hostname, { needsProof: true });
const stateOf = async (name: string) => (await store.getHostname(PROJECT, name as Hostname)).state;

test('names are looked at as soon as they are there, and once a record is made when somebody wants it; of two workers one looks', async () => {
  const workers = [start(), start()];
  zone['ready.test'] = '192.0.2.7';
  await Promise.all([add('ready.test'), add('late.test')]);
  await vi.waitFor(
    async () => {
      expect(await stateOf('ready.test')).toBe('Verified');
      expect(await stateOf('late.test')).toBe('DnsNotVerified');
    },
    { timeout: 30_000 },
  );
  const before = asked['late.test'] ?? 0;
  zone['late.test'] = '192.0.2.7';
  await store.requestHostnameCheck(PROJECT, 'late.test' as Hostname);
  await vi.waitFor(async () => expect(await stateOf('late.test')).toBe('Verified'), { timeout: 30_000 });
  await Promise.all(workers.map((worker) => worker.stop()));
  expect(asked['ready.test']).toBe(1);
  expect(asked['late.test']).toBe(before + 1);
});

test('while another process has a name, a worker rests, and takes it soon after', async () => {
  const lease = 'hostname:held.test';
  const other = await openStore({ url: `sqlite:${directory}/db`, compiler, now: () => Date.now() });
  await other.acquireLease(lease, 'another', 60_000);
  let tries = 0;
  const counting: Store = {
    ...store,
    acquireLease: (...of) => {
      tries += 1;
      return store.acquireLease(...of);
    },
  };
  zone['held.test'] = '192.0.2.7';
  await add('held.test');
  const worker = start(counting);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(tries).toBeGreaterThan(0);
  expect(tries).toBeLessThan(20);
  await other.releaseLease(lease, 'another');
  await vi.waitFor(async () => expect(await stateOf('held.test')).toBe('Verified'), { timeout: 30_000 });
  await worker.stop();
  await other.close();
});

test('a worker that stops waits for no server', async () => {
  let silent: () => void = () => {};
  const asking = new Promise<void>((resolve) => {
    silent = resolve;
  });
  const worker = startHostnameWorker({
    ...{ store, log: LOG, now: () => Date.now(), random: () => 0.5 },
    publicEdge: { name: null, addresses: [] },
    resolver: {
      servers: [],
      lookUp: () => {
        silent();
        return new Promise(() => {});
      },
    },
  });
  await add('silent.test');
  await asking;
  await worker.stop();
  expect(await stateOf('silent.test')).toBe('Validating');
  expect(await store.acquireLease('hostname:silent.test', 'another', 1000)).toBe(true);
});

test('more names than are looked at at once are all looked at', async () => {
  const names = Array.from({ length: 25 }, (_, n) => `h${n}.test`);
  for (const name of names) {
    zone[name] = '192.0.2.7';
    await add(name);
  }
  const worker = start();
  await vi.waitFor(
    async () => expect(await store.nextHostnameCheckAt()).toBeGreaterThan(Date.now() + 60_000),
    {
      timeout: 30_000,
    },
  );
  await worker.stop();
  expect(await Promise.all(names.map(stateOf))).toEqual(names.map(() => 'Verified'));
});
