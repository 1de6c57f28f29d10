import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PosternError } from '@postern/contracts';
import { edgePublicKeyOf, newEdgeKeyPair } from '@postern/pki';

const SQLITE_BUSY = 5;

/** An edge's own folder, held for this process until `release`. */
export interface EdgeDataDirectory {
  readonly replicaFile: string;
  readonly keyFile: string;
  /** Raw X25519 public key, base64url. */
  readonly publicKey: string;
  release(): void;
}

/**
 * Opens an edge's data directory: makes it (0700), locks it, and makes the edge's key pair (0600) at the first start.
 *
 * Throws PosternError `unavailable` when it cannot be written, another edge uses it, or its key is open to others or damaged.
 */
export function openEdgeDataDirectory(directory: string): EdgeDataDirectory {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
  } catch (cause) {
    throw unavailable(
      `POSTERN_EDGE_DATA_DIR: ${directory} cannot be created or is not a folder of ours (${codeOf(cause)})`,
      cause,
    );
  }
  const lock = lockDirectory(directory);
  try {
    const keyFile = join(directory, 'edge.key');
    return {
      replicaFile: join(directory, 'replica.db'),
      keyFile,
      publicKey: loadKey(keyFile),
      release: () => lock.close(),
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** SQLite's own lock on a file: the kernel drops it with the process, so that kill -9 leaves nothing stale. */
function lockDirectory(directory: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(directory, 'lock'));
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    return database;
  } catch (cause) {
    database?.close();
    const busy = cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY;
    throw unavailable(
      busy
        ? `POSTERN_EDGE_DATA_DIR: ${directory} is in use by another edge`
        : `POSTERN_EDGE_DATA_DIR: ${directory} cannot be written`,
      cause,
    );
  }
}

function loadKey(file: string): string {
  let pem: string | undefined;
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw unavailable(`others may read ${file}; run: chmod 600 ${file}`);
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof PosternError) throw error;
    if (codeOf(error) !== 'ENOENT') throw unavailable(`the edge key ${file} cannot be read`, error);
  }
  if (pem === undefined) return createKey(file);
  try {
    return edgePublicKeyOf(pem);
  } catch (cause) {
    throw unavailable(
      `the edge key ${file} is damaged; restore it, or remove it and enrol this edge anew`,
      cause,
    );
  }
}

/** Whole or not at all: a crash in between leaves no half-written key. */
function createKey(file: string): string {
  const { publicKey, privateKeyPem } = newEdgeKeyPair();
  const temporary = `${file}.new`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeSync(descriptor, privateKeyPem);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
  return publicKey;
}

function unavailable(detail: string, cause?: unknown): PosternError {
  return new PosternError('unavailable', { detail, cause });
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? 'unknown');
}
