import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PosternError } from '@postern/contracts';
import { newMasterKey, openWithMasterKey } from '@postern/pki';
import { readPrivateFile, writePrivateFile } from '@postern/runtime';
import type { Store } from '@postern/store';

const BYTES = 32;

/**
 * Gives the master key of a data directory, making it only where there is no database yet.
 * A database without its key is refused (`unavailable`): a new key could open nothing that is sealed in it.
 */
export function loadOrCreateMasterKey(directory: string, databaseFile: string): Buffer {
  const file = join(directory, 'master.key');
  if (!existsSync(file) && !existsSync(databaseFile)) writePrivateFile(file, newMasterKey());
  return loadMasterKey(directory, databaseFile);
}

/** Gives the master key of a data directory that the API has made; fails with `unavailable` when there is none or it is damaged. */
export function loadMasterKey(directory: string, databaseFile: string): Buffer {
  const file = join(directory, 'master.key');
  const key = readPrivateFile(file);
  if (key === null) {
    throw new PosternError('unavailable', {
      detail: existsSync(databaseFile)
        ? `${file} is missing, and what is sealed in ${databaseFile} cannot be opened without it; put it back from a backup, or move the database away to start anew`
        : `${file} is missing; start the API first, it makes the key`,
    });
  }
  if (key.length !== BYTES) {
    throw new PosternError('unavailable', { detail: `${file} is damaged: it must have ${BYTES} bytes` });
  }
  return key;
}

/**
 * Fails with `unavailable` when the key of a data directory is not the one that its database was sealed with: edges would
 * get nothing but unusable certificates, and new values would be sealed to a key that is not in the backups.
 * The local authority stands for everything sealed; a database without one has not been served from yet.
 */
export async function refuseForeignMasterKey(
  store: Pick<Store, 'getAuthority'>,
  masterKey: Buffer,
  directory: string,
): Promise<void> {
  const authority = await store.getAuthority('local');
  if (authority === null) return;
  try {
    openWithMasterKey(masterKey, authority.sealedKey, `authority:${authority.name}`).fill(0);
  } catch (cause) {
    throw new PosternError('unavailable', {
      detail: `${join(directory, 'master.key')} is not the key that the database was sealed with; put that one back from a backup`,
      cause,
    });
  }
}
