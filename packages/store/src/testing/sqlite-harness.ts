import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreHarness } from './suite-fixtures.ts';

export interface SqliteHarness extends StoreHarness {
  readonly folder: string;
  readonly file: string;
}

/** A database file that does not exist yet, in a temporary folder of its own. */
export async function makeSqliteHarness(): Promise<SqliteHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-store-'));
  const file = join(folder, 'data', 'postern.db');
  return { folder, file, url: `sqlite:${file}`, dispose: () => rm(folder, { recursive: true, force: true }) };
}
