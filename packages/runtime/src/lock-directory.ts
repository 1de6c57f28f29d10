import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PosternError } from '@postern/contracts/plain';
import { makeDirectory } from './make-directory.ts';

const SQLITE_BUSY = 5;

export interface DirectoryLock {
  release(): void;
}

/**
 * Makes a directory (0700) where it is missing and keeps it for this process alone until `release`, or until the process
 * ends in whatever way.
 *
 * The lock is SQLite's own on a file `lock`: the kernel drops it with the process, so that nothing stale is left by
 * kill -9, and unlike a pid in a file it cannot be mistaken. Fails with `unavailable`, naming the variable that chose the
 * directory, and the holder's pid where it is in use.
 */
export function lockDirectory(directory: string, variable: string): DirectoryLock {
  const ownerFile = join(directory, 'lock-owner');
  let database: DatabaseSync | undefined;
  try {
    makeDirectory(directory);
    database = new DatabaseSync(join(directory, 'lock'));
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    writeFileSync(ownerFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (cause) {
    database?.close();
    const detail = isBusy(cause)
      ? `${variable}: ${directory} is in use by process ${readOwner(ownerFile)}; stop it or choose another directory`
      : `${variable}: ${directory} ${problemOf(cause)} or choose another directory`;
    throw new PosternError('unavailable', { detail, cause });
  }
  const held = database;
  return { release: () => held.close() };
}

/**
 * The pid of the process that keeps a directory, as it wrote it; null where nobody does. Only looks: nothing is locked or made.
 * Throws the system's error for a directory that cannot be read.
 */
export function holderOfDirectory(directory: string): string | null {
  const file = join(directory, 'lock');
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return null;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    database.exec('PRAGMA busy_timeout = 0');
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return null;
  } catch (error) {
    if (isBusy(error)) return readOwner(join(directory, 'lock-owner'));
    throw error;
  } finally {
    database.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function readOwner(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim() || '(unknown)';
  } catch {
    return '(unknown)';
  }
}

function problemOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'EEXIST' || code === 'ENOTDIR') return 'is, or lies below, a file; move it away';
  return `cannot be written (${code}); change its rights`;
}
