import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Change } from '@postern/contracts';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openReplica, type Replica } from './index.ts';

let folder: string;
let file: string;
let opened: Replica[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-replica-'));
  file = join(folder, 'edge', 'replica.db');
  opened = [];
});
afterEach(() => {
  for (const replica of opened) replica.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(readOnly: boolean): Replica {
  const replica = openReplica({ file, readOnly });
  opened.push(replica);
  return replica;
}

function host(id: string, revision: number, body: unknown = { host: id }): Change {
  return { epoch: 'e', revision, kind: 'host', id, formatVersion: 1, body };
}

test('a batch is applied with its cursor, seen by readers, and still there after a restart', () => {
  const writer = open(false);
  const reader = open(true);
  expect(writer.cursor()).toBeNull();
  writer.apply([host('a', 1), host('b', 2)], { epoch: 'e', revision: 2 });
  writer.apply([host('a', 3, null), host('b', 4, { host: 'b', n: 2 })], { epoch: 'e', revision: 4 });
  expect(reader.cursor()).toEqual({ epoch: 'e', revision: 4 });
  expect(reader.get('host', 'a')).toBeUndefined();
  expect(reader.get('host', 'b')).toEqual({ ...host('b', 4, { host: 'b', n: 2 }), damaged: false });
  expect(reader.listIds('host')).toEqual(['b']);
  for (const replica of opened.splice(0)) replica.close();
  expect(open(true).get('host', 'b')).toMatchObject({ revision: 4 });
});

test('a batch that fails half way leaves documents and cursor as they were', () => {
  const writer = open(false);
  writer.apply([host('a', 1)], { epoch: 'e', revision: 1 });
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  expect(() =>
    writer.apply([host('a', 2, { n: 2 }), host('b', 3, circular)], { epoch: 'e', revision: 3 }),
  ).toThrow();
  expect(writer.cursor()).toEqual({ epoch: 'e', revision: 1 });
  expect(writer.get('host', 'a')?.body).toEqual({ host: 'a' });
});

test('readers see the old copy until a resync is finished, and then only the new one', () => {
  const writer = open(false);
  const reader = open(true);
  writer.apply([host('old', 1), host('both', 2)], { epoch: 'e', revision: 2 });
  writer.beginResync();
  writer.stage([host('both', 5, { n: 2 }), host('gone', 6)]);
  writer.stage([host('new', 7), host('gone', 8, null)]);
  expect(reader.listIds('host')).toEqual(['both', 'old']);
  expect(reader.get('host', 'both')?.body).toEqual({ host: 'both' });
  expect(reader.cursor()).toEqual({ epoch: 'e', revision: 2 });
  writer.finishResync({ epoch: 'f', revision: 8 });
  expect(reader.listIds('host')).toEqual(['both', 'new']);
  expect(reader.get('host', 'both')?.body).toEqual({ n: 2 });
  expect(reader.cursor()).toEqual({ epoch: 'f', revision: 8 });
});

test('a resync that was begun and not finished leaves nothing behind', () => {
  const writer = open(false);
  writer.apply([host('a', 1)], { epoch: 'e', revision: 1 });
  writer.beginResync();
  writer.stage([host('b', 2)]);
  writer.close();
  opened.splice(0);
  const again = open(false);
  const raw = new Database(file, { readonly: true });
  expect(
    raw.prepare("select name from sqlite_schema where type = 'table' order by name").pluck().all(),
  ).toEqual(['documents', 'meta']);
  raw.close();
  expect(again.listIds('host')).toEqual(['a']);
  expect(() => again.stage([host('c', 3)])).toThrow();
  expect(() => again.finishResync({ epoch: 'e', revision: 3 })).toThrow();
  again.beginResync();
  again.stage([host('b', 2)]);
  again.apply([], { epoch: 'e', revision: 2 });
  expect(() => again.finishResync({ epoch: 'e', revision: 3 })).toThrow();
  expect(again.listIds('host')).toEqual(['a']);
});

test('a body that is not JSON is marked as damaged, and the others stay usable', () => {
  open(false).apply([host('a', 1), host('b', 2), host('c', 3)], { epoch: 'e', revision: 3 });
  const raw = new Database(file);
  raw.prepare("update documents set body = '{\"host\":' where id = 'a'").run();
  raw.prepare("update documents set body = 'null' where id = 'c'").run();
  raw.close();
  const reader = open(true);
  expect(reader.get('host', 'a')).toMatchObject({ damaged: true, body: undefined, id: 'a' });
  expect(reader.get('host', 'c')).toMatchObject({ damaged: true, body: undefined });
  expect(reader.get('host', 'b')).toMatchObject({ damaged: false, body: { host: 'b' } });
});

test('an unreadable cursor counts as none', () => {
  const writer = open(false);
  writer.apply([host('a', 1)], { epoch: 'e', revision: 1 });
  const raw = new Database(file);
  raw.prepare("update meta set value = 'x'").run();
  raw.close();
  expect(writer.cursor()).toBeNull();
  expect(writer.get('host', 'a')).toMatchObject({ damaged: false });
});

test.each([
  [
    'text',
    () => writeFileSync(file, 'this is not a database, but it is long enough to look like a file'.repeat(50)),
  ],
  [
    'a file with overwritten pages',
    () => {
      const writer = openReplica({ file, readOnly: false });
      writer.apply(
        Array.from({ length: 2000 }, (_, n) => host(`h${n}`, n + 1)),
        { epoch: 'e', revision: 2000 },
      );
      writer.close();
      const raw = new Database(file);
      raw.pragma('journal_mode = DELETE');
      raw.close();
      overwriteMiddle();
    },
  ],
  [
    'another layout',
    () => {
      openReplica({ file, readOnly: false }).close();
      const raw = new Database(file);
      raw.pragma('user_version = 99');
      raw.close();
    },
  ],
])('%s in the place of a replica is set aside, and an empty one begun', (_, damage) => {
  openReplica({ file, readOnly: false }).close();
  damage();
  const writer = open(false);
  expect(writer.setAside).toBe(`${file}.damaged-1`);
  expect(statSync(`${file}.damaged-1`).size).toBeGreaterThan(0);
  expect(writer.cursor()).toBeNull();
  writer.apply([host('a', 1)], { epoch: 'e', revision: 1 });
  expect(open(true).get('host', 'a')).toBeDefined();
});

test('a file too large to be checked at once is checked in steps while it serves, and set aside at the next start', () => {
  const big = () => {
    const replica = openReplica({ file, readOnly: false, checkedAtOpenBytesMax: 0 });
    opened.push(replica);
    return replica;
  };
  const writer = big();
  const many = Array.from({ length: 2000 }, (_, n) => host(`h${n}`, n + 1));
  writer.apply(many, { epoch: 'e', revision: 2000 });
  expect([...writer.check()].length).toBeGreaterThan(5);
  writer.close();
  opened.splice(0);
  const raw = new Database(file);
  raw.pragma('journal_mode = DELETE');
  raw.close();
  overwriteMiddle();
  const damaged = big();
  expect(damaged.setAside).toBeNull();
  expect(() => [...damaged.check()]).toThrow(/damaged; restart the edge/);
  damaged.close();
  opened.splice(0);
  expect(big().setAside).toBe(`${file}.damaged-1`);
  // What was found is mended: the next start looks at nothing.
  expect(readdirSync(join(folder, 'edge'))).not.toContain('replica.db.doubt');
});

test('hosts with health checks are listed by an index of their own, after a resync too', () => {
  const writer = open(false);
  const checked = { services: { echo: { healthCheck: { intervalMs: 1 } } } };
  writer.apply([host('a', 1), host('b', 2, checked), host('c', 3, checked)], { epoch: 'e', revision: 3 });
  writer.apply([host('b', 4)], { epoch: 'e', revision: 4 });
  expect(writer.listHostsWithChecks()).toEqual(['c']);
  writer.beginResync();
  writer.stage([host('d', 5, checked), host('e', 6)]);
  writer.finishResync({ epoch: 'e', revision: 6 });
  expect(open(true).listHostsWithChecks()).toEqual(['d']);
  const raw = new Database(file, { readonly: true });
  const indices = raw
    .prepare("select name from sqlite_schema where sql is not null and type = 'index'")
    .pluck();
  expect(indices.all()).toEqual(['documents_checked']);
  raw.close();
});

test('a reader of a missing or damaged file gets one clear error', () => {
  expect(() => open(true)).toThrow(/there is no replica/);
  openReplica({ file, readOnly: false }).close();
  writeFileSync(file, 'garbage'.repeat(1000));
  expect(() => open(true)).toThrow(expect.objectContaining({ code: 'unavailable' }));
});

test('the files are readable by their owner only', () => {
  const writer = open(false);
  writer.apply([host('a', 1)], { epoch: 'e', revision: 1 });
  expect(statSync(join(folder, 'edge')).mode & 0o777).toBe(0o700);
  const names = readdirSync(join(folder, 'edge'));
  expect(names.length).toBeGreaterThan(1);
  for (const name of names) expect(statSync(join(folder, 'edge', name)).mode & 0o777).toBe(0o600);
});

function overwriteMiddle(): void {
  const { size } = statSync(file);
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(size / 2, 0xab), 0, size / 2, Math.floor(size / 4));
  closeSync(descriptor);
}

test('a folder that cannot be made is told at once, with the file: mkdir below /proc would never end', () => {
  file = '/proc/postern/deeper/replica.db';
  expect(() => open(false)).toThrow(/\/proc\/postern\/deeper\/replica\.db cannot be created/);
});
