import { closeSync, openSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';

/** Overwrites the first page of a table or index of a database, as a failing disk does. */
export function overwritePageOf(file: string, name: string): void {
  const raw = new Database(file);
  const page = raw
    .prepare<[string], number>('select rootpage from sqlite_schema where name = ?')
    .pluck()
    .get(name);
  const size = Number(raw.pragma('page_size', { simple: true }));
  raw.close();
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(size, 0xab), 0, size, ((page ?? 0) - 1) * size);
  closeSync(descriptor);
}
