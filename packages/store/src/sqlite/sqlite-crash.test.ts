import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeSqliteHarness, type SqliteHarness } from '../testing/sqlite-harness.ts';
import { listAllRoutes, openSuiteStore, readChanges } from '../testing/suite-fixtures.ts';
import { Writer } from '../testing/writer.ts';

let harness: SqliteHarness;
let writers: Writer[];

beforeEach(async () => {
  harness = await makeSqliteHarness();
  writers = [];
});
afterEach(async () => {
  await Promise.all(writers.map((writer) => writer.kill()));
  await harness.dispose();
});

function startWriter(name: string, count: number): Writer {
  const writer = new Writer(harness.url, name, count);
  writers.push(writer);
  return writer;
}

/** Host of each route after the acknowledged writes; null where it was deleted. */
function hostsAfter(acknowledged: readonly string[]): Map<string, string | null> {
  const hosts = new Map<string, string | null>();
  for (const line of acknowledged) {
    const route = line.slice(1);
    if (line.startsWith('-')) hosts.set(route, null);
    else hosts.set(route, `${line.startsWith('=') ? 'moved-' : ''}${route}.example.org`);
  }
  return hosts;
}

/** Rows, names, references and documents must tell one story. */
async function expectNothingHalfApplied(): Promise<Map<string, string>> {
  const store = await openSuiteStore(harness.url);
  const routes = await listAllRoutes(store);
  const changes = await readChanges(store);
  const { revision } = await store.cursor();
  await store.close();
  const raw = new Database(harness.file);
  const column = (sql: string) => raw.prepare<[], string>(sql).pluck().all();
  expect(raw.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(raw.pragma('foreign_key_check')).toEqual([]);
  const hosts = routes.map((route) => route.spec.host as string).sort();
  expect(column('select name from hostnames order by name')).toEqual(hosts);
  expect(column('select r.host from routes r join route_services s on s.route_id = r.id order by 1')).toEqual(
    hosts,
  );
  raw.close();
  const live = changes.filter((change) => change.body !== null);
  expect(live.map((change) => change.id).sort()).toEqual(hosts);
  expect(changes.at(-1)?.revision ?? 0).toBe(revision);
  for (const route of routes)
    expect(route.document).toMatchObject({ host: route.spec.host, route: route.name });
  return new Map(routes.map((route) => [route.name as string, route.spec.host as string]));
}

test('every acknowledged write survives kill -9 at any point, and nothing is half applied', async () => {
  for (let round = 0; round < 6; round += 1) {
    const writer = startWriter(`w${round}`, 100_000);
    await writer.ready();
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 250));
    await writer.kill();
    const acknowledged = writer.acknowledged();
    const found = await expectNothingHalfApplied();
    const expected = hostsAfter(acknowledged);
    // The one write under way when the process died may have been committed or not.
    const last = [...expected.keys()].at(-1);
    for (const [route, host] of expected) {
      if (route !== last) expect(found.get(route) ?? null).toBe(host);
    }
    if (acknowledged.at(-1)?.startsWith('+') === true && last !== undefined && found.has(last))
      expect(found.get(last)).toMatch(new RegExp(`${last}\\.example\\.org$`));
    if (acknowledged.at(-1)?.startsWith('=') === true)
      expect(found.get(last ?? '')).toBe(expected.get(last ?? ''));
  }
}, 240_000);

test('processes that write at the same time, from the first start on, lose nothing of each other', async () => {
  const parallel = ['a', 'b', 'c'].map((name) => startWriter(name, 40));
  expect(await Promise.all(parallel.map((writer) => writer.ended()))).toEqual([0, 0, 0]);
  const found = await expectNothingHalfApplied();
  const expected = parallel.flatMap((writer) => [...hostsAfter(writer.acknowledged())]);
  expect(expected).toHaveLength(120);
  for (const [route, host] of expected) expect(found.get(route) ?? null).toBe(host);
});

test('a listener hears of the commits of another process', async () => {
  const store = await openSuiteStore(harness.url);
  try {
    const heard = new Promise<void>((resolve) => store.onRevision(resolve));
    startWriter('far', 1);
    await heard;
    expect((await readChanges(store)).map((change) => change.id)).toEqual(['far-0.example.org']);
  } finally {
    await store.close();
  }
});
