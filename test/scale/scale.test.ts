import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataDirectory } from '@postern/api';
import { type Hostname, type ResourceName, routeDescriptor } from '@postern/contracts';
import { openReplica } from '@postern/replica';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ManyHosts, SHARED_CA, specOf, writeManyHosts } from './many-hosts.ts';

const COUNT = 2_000;
/** A page and its head. */
const WAL_FRAME_BYTES = 4_096 + 24;
const PROJECT = 'default' as ResourceName;
let folder: string;
let hosts: ManyHosts;
let data: Awaited<ReturnType<typeof openDataDirectory>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-scale-'));
  const directory = join(folder, 'data');
  hosts = await writeManyHosts({ directory, count: COUNT, target: 'http://127.0.0.1:9', now: Date.now() });
  const databaseUrl = `sqlite:${join(directory, 'postern.db')}`;
  data = await openDataDirectory({ path: directory, databaseUrl, now: Date.now });
});
afterAll(async () => {
  await data.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a write adds to the log. */
async function changesOf(write: () => Promise<unknown>): Promise<string[]> {
  const { revision } = await data.store.cursor();
  await write();
  return (await data.store.changesAfter(revision, 500)).map(({ kind, id }) => `${kind} ${id}`);
}

test('the copied hosts of the fixture are what the store would have written', async () => {
  for (const index of [1, COUNT / 2, COUNT - 1]) {
    const host = hosts.hostAt(index);
    const target = { project: PROJECT, name: host.route as ResourceName };
    const { document, order } = await data.store.getRoute(target);
    expect([document.closed, document.certificate]).toEqual([null, order?.certificate?.id]);
    expect(await changesOf(() => data.store.updateRoute({ ...target, spec: specOf(host) }))).toEqual([]);
  }
});

test('among many hosts a write of one is one change, and so is the CA of a tenth of them', async () => {
  const { project, route, host } = { project: PROJECT, ...hosts.hostAt(7) };
  const spec = specOf({ ...hosts.hostAt(7), ca: SHARED_CA });
  const changed = await changesOf(() =>
    data.store.updateRoute({ project, name: route as ResourceName, spec }),
  );
  expect(changed).toEqual([`host ${host}`]);
  const shared = { project, name: SHARED_CA as ResourceName };
  const { id, type, details, sealed } = await data.store.getSecret(shared);
  const body = { contentHash: 'next', anchorsPem: [hosts.nextSharedCa] };
  const put = () =>
    data.store.putSecret({
      ...{ ...shared, type, details, sealed, document: { kind: 'trust-bundle', body } },
    });
  expect(await changesOf(put)).toEqual([`trust-bundle ${id}`]);
});

test('among many hosts a write of a rule touches few pages of the file', async () => {
  const host = hosts.hostAt(11);
  const log = join(folder, 'data', 'postern.db-wal');
  const before = statSync(log).size;
  const routes = [{ prefix: '/other', route: { service: 'echo' as ResourceName } }];
  await data.store.updateRoute({
    ...{ project: PROJECT, name: host.route as ResourceName },
    spec: routeDescriptor.parse({ ...specOf(host), routes }),
  });
  const pages = (statSync(log).size - before) / WAL_FRAME_BYTES;
  expect(pages).toBeGreaterThan(0);
  // The row, its former version, the document, their indexes and the counter; some 20 where all that hangs on a route is written again.
  expect(pages).toBeLessThan(13);
});

test('workers over many certificates are given what is due alone', async () => {
  const { store } = data;
  const now = Date.now();
  expect(await store.listDueOrders(now, 10)).toEqual([]);
  expect((await store.listCertificates(PROJECT, { limit: 10, pending: true })).items).toEqual([]);
  const first = await store.listCertificatesToLookAt(now, COUNT);
  expect(first).toHaveLength(COUNT);
  await store.noteLooks(first.map(({ id }) => ({ id, at: now + 1_000 })));
  expect(await store.listCertificatesToLookAt(now, 10)).toEqual([]);
  const name = hosts.hostAt(3).host as Hostname;
  await store.requestRenewal(PROJECT, name);
  expect((await store.listCertificates(PROJECT, { limit: 10, pending: true })).items).toMatchObject([
    { names: [name] },
  ]);
  expect(await store.listDueOrders(Date.now(), 10)).toMatchObject([{ names: [name] }]);
});

test('a first sync is staged in pieces and complete, and an edge looks for checks in no host that has none', async () => {
  const replica = openReplica({ file: join(folder, 'replica.db'), readOnly: false });
  const cursor = await data.store.cursor();
  replica.beginResync();
  for (let after = 0; ; ) {
    const page = await data.store.changesAfter(after, 500);
    if (page.length === 0) break;
    replica.stage(page);
    after = page.at(-1)?.revision ?? after;
  }
  replica.finishResync(cursor);
  expect(replica.listIds('host')).toHaveLength(COUNT);
  expect(replica.listIds('certificate')).toHaveLength(COUNT);
  expect(replica.listHostsWithChecks()).toEqual([]);
  replica.close();
});
