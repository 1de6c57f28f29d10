import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../open-store.ts';
import { overwritePageOf } from '../testing/overwrite-page.ts';
import { refusal } from '../testing/refusal.ts';
import { makeSqliteHarness, type SqliteHarness } from '../testing/sqlite-harness.ts';
import { suiteCompiler } from '../testing/suite-compiler.ts';
import { openSuiteStore, routeWrite, serviceWrite } from '../testing/suite-fixtures.ts';

const workspace = resolve(import.meta.dirname, '../../../..');
let harness: SqliteHarness;

beforeEach(async () => {
  harness = await makeSqliteHarness();
});
afterEach(() => harness.dispose());

async function fill(from: number, to: number): Promise<void> {
  const store = await openSuiteStore(harness.url);
  if (from === 0) await store.createService(serviceWrite('cart'));
  for (let n = from; n < to; n += 1)
    await store.createRoute(routeWrite(`r${n}`, `h${n}.example.org`, 'cart'));
  await store.close();
}

test('the files are readable by their owner only, also where the file was open to others before', async () => {
  mkdirSync(dirname(harness.file), { mode: 0o700 });
  writeFileSync(harness.file, '', { mode: 0o644 });
  const store = await openSuiteStore(harness.url);
  await store.createService(serviceWrite('cart'));
  const names = readdirSync(dirname(harness.file));
  expect(names.length).toBeGreaterThan(1);
  for (const name of names) expect(statSync(join(dirname(harness.file), name)).mode & 0o777).toBe(0o600);
  await store.close();
});

test('a folder that is made is closed to others', async () => {
  await fill(0, 1);
  expect(statSync(dirname(harness.file)).mode & 0o777).toBe(0o700);
});

test('cursors of a history that a restored older database does not have are not resumable', async () => {
  await fill(0, 3);
  const atCopy = await openSuiteStore(harness.url);
  const inside = await atCopy.cursor();
  await atCopy.close();
  copyFileSync(harness.file, `${harness.file}.copy`);

  const before = await openSuiteStore(harness.url);
  await before.createRoute(routeWrite('lost', 'lost.example.org', 'cart'));
  const beyond = await before.cursor();
  await before.close();
  for (const suffix of ['-wal', '-shm']) rmSync(harness.file + suffix, { force: true });
  copyFileSync(`${harness.file}.copy`, harness.file);

  await fill(3, 9);
  const restored = await openSuiteStore(harness.url);
  expect((await restored.cursor()).revision).toBeGreaterThan(beyond.revision);
  expect(await restored.isResumable(beyond)).toBe(false);
  expect(await restored.isResumable({ epoch: inside.epoch, revision: beyond.revision })).toBe(false);
  expect(await restored.isResumable(inside)).toBe(true);
  await restored.close();
});

test.each([
  ['text', () => writeFileSync(harness.file, 'not a database '.repeat(1000)), /not a Postern database/],
  [
    'an overwritten page that opening does not touch',
    () => overwritePageOf(harness.file, 'routes_name'),
    /damaged/,
  ],
  [
    'the database of another program',
    () => {
      rmSync(harness.file);
      new Database(harness.file).exec('create table tokens (x)').close();
    },
    /another program/,
  ],
  [
    'a database of a newer Postern',
    () => {
      const raw = new Database(harness.file);
      raw.prepare('insert into schema_migrations values (?, ?, ?)').run(9_999_999_999_999, 'future', 0);
      raw.close();
    },
    /newer Postern/,
  ],
])(
  '%s in the place of the database is refused with one clear error and left as it is',
  async (_, damage, message) => {
    await fill(0, 50);
    damage();
    const before = readFileSync(harness.file);
    const error = await refusal(openSuiteStore(harness.url), 'unavailable');
    expect(error.detail).toMatch(message);
    expect(error.detail).toContain(harness.file);
    expect(readFileSync(harness.file).equals(before)).toBe(true);
  },
);

test('a URL that names no file is refused', async () => {
  for (const url of ['postgres://x', 'sqlite:', 'sqlite::memory:', 'postern.db'])
    await refusal(openStore({ url, compiler: suiteCompiler, now: Date.now }), 'validation_failed');
});

test('a write that fails half way leaves nothing', async () => {
  const store = await openStore({
    url: harness.url,
    compiler: {
      ...suiteCompiler,
      compileHost: () => {
        throw new Error('a fault in the compiler');
      },
    },
    now: Date.now,
  });
  await store.ensureProject(serviceWrite('cart').project);
  await store.createService(serviceWrite('cart'));
  await expect(store.createRoute(routeWrite('r', 'a.example.org', 'cart'))).rejects.toThrow('a fault');
  await store.close();
  await fill(1, 2);
  const raw = new Database(harness.file);
  expect(raw.prepare('select name from hostnames').pluck().all()).toEqual(['h1.example.org']);
  expect(raw.prepare('select name from routes').pluck().all()).toEqual(['r1']);
  raw.close();
});

test('a document damaged in the database is read as unusable, the others as they are, and the next write mends it', async () => {
  await fill(0, 3);
  const raw = new Database(harness.file);
  raw.prepare("update changes set body = '{\"host\": ' where id = 'h1.example.org'").run();
  raw.close();
  const store = await openSuiteStore(harness.url);
  const read = async () =>
    (await store.changesAfter(0, 10)).map(({ id, formatVersion, body }) => [
      id,
      formatVersion,
      (body as { host?: string }).host,
    ]);
  expect(await read()).toEqual([
    ['h0.example.org', 1, 'h0.example.org'],
    ['h1.example.org', -1, undefined],
    ['h2.example.org', 1, 'h2.example.org'],
  ]);
  await store.updateRoute(routeWrite('r1', 'h1.example.org', 'cart'));
  expect((await read()).at(-1)).toEqual(['h1.example.org', 1, 'h1.example.org']);
  await store.close();
});

test('a folder that cannot be made is told at once: mkdir below /proc would never end', async () => {
  const error = await refusal(openSuiteStore('sqlite:/proc/postern/deeper/postern.db'), 'unavailable');
  expect(error.detail).toContain('/proc/postern/deeper/postern.db');
});

test('the migrations say what the schema says', () => {
  cpSync(join(workspace, 'packages/store/migrations/sqlite'), join(harness.folder, 'migrations'), {
    recursive: true,
  });
  const schema = join(workspace, 'packages/store/src/sqlite/schema*.ts');
  const result = spawnSync(
    process.execPath,
    [
      join(workspace, 'node_modules/drizzle-kit/bin.cjs'),
      'generate',
      '--dialect=sqlite',
      `--schema=${schema}`,
      '--out=migrations',
    ],
    { encoding: 'utf8', cwd: harness.folder },
  );
  expect(result.stdout + result.stderr).toContain('No schema changes');
});

test('tokens of one name in an older database keep working, each under a name of its own', async () => {
  const first = await openSuiteStore(harness.url);
  await first.createToken({ name: 'edge', scope: 'edge', hash: 'newest', expiresAt: null });
  await first.close();
  const raw = new Database(harness.file);
  raw.exec('drop index tokens_name');
  for (const column of ['expires_at', 'last_used_at', 'revoked_at'])
    raw.exec(`alter table tokens drop column ${column}`);
  raw.exec("update tokens set rowid = 10; update tokens set id = 'cccccccc-3'");
  raw.exec(
    "insert into tokens (rowid, id, name, scope, hash, created_at) values (1, 'aaaaaaaa-1', 'edge', 'edge', 'oldest', 1), (2, 'bbbbbbbb-2', 'edge', 'edge', 'older', 2)",
  );
  raw.exec(
    'delete from schema_migrations where tag_time = (select tag_time from schema_migrations order by tag_time limit 1 offset 1)',
  );
  raw.close();
  const store = await openSuiteStore(harness.url);
  expect((await store.listTokens()).map(({ name, hash }) => [name, hash])).toEqual([
    ['edge', 'newest'],
    ['edge-aaaaaaaa', 'oldest'],
    ['edge-bbbbbbbb', 'older'],
  ]);
  await store.close();
});
