import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliFailure } from '../cli-failure.ts';
import { readConfigFile, writeConfigFile } from './config-file.ts';
import type { ConfigFile } from './config-schema.ts';

/** Milliseconds to wait for another process that changes the configuration: it holds the lock for some milliseconds. */
const WAIT_MS = 10_000;
/** Milliseconds between two attempts. */
const RETRY_MS = 20;
const SQLITE_BUSY = 5;

/**
 * Changes the configuration while no other process does, so that nothing another one writes is lost. `change` gets what the
 * file holds and gives what it shall hold; what it throws leaves the file as it is. Gives what was written.
 */
export async function changeConfigFile(
  path: string,
  change: (config: ConfigFile) => ConfigFile,
): Promise<ConfigFile> {
  const release = await lock(path);
  try {
    const next = change(await readConfigFile(path));
    await writeConfigFile(path, next);
    return next;
  } finally {
    release();
  }
}

/** SQLite's lock on a file beside the configuration: the kernel drops it with the process, so kill -9 leaves nothing stale. */
async function lock(path: string): Promise<() => void> {
  // Loaded here: what only reads the configuration starts faster without them.
  const { makeDirectory } = await import('@postern/runtime');
  const { DatabaseSync } = await import('node:sqlite');
  const deadline = performance.now() + WAIT_MS;
  try {
    makeDirectory(dirname(path));
    await access(dirname(path), constants.W_OK);
  } catch (error) {
    throw failure(path, error instanceof Error ? error.message : String(error), error);
  }
  for (;;) {
    let database: InstanceType<typeof DatabaseSync> | undefined;
    try {
      database = new DatabaseSync(`${path}.lock`);
      database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
      const held = database;
      return () => held.close();
    } catch (error) {
      database?.close();
      const isBusy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
      if (!isBusy) throw failure(path, `${path}.lock cannot be locked`, error);
      if (performance.now() >= deadline)
        throw failure(path, `another process holds ${path}.lock; try again when it has ended`, error);
    }
    await sleep(RETRY_MS);
  }
}

function failure(path: string, why: string, cause: unknown): CliFailure {
  return new CliFailure('failed', `the configuration ${path} cannot be written: ${why}`, { cause });
}
