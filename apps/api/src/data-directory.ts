import { join } from 'node:path';
import { compiler } from '@postern/compile';
import { resourceName } from '@postern/contracts';
import { lockDirectory } from '@postern/runtime';
import { openStore, type Store } from '@postern/store';
import { loadOrCreateMasterKey, refuseForeignMasterKey } from './master-key.ts';
import { ensureTokenFile } from './token-file.ts';

export interface DataDirectoryOptions {
  /** Absolute. */
  readonly path: string;
  /** `sqlite:FILE`. */
  readonly databaseUrl: string;
  /** Where the edge's token is written; `edge-token` in the directory when absent. */
  readonly edgeTokenFile?: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Everything durable of one platform, open and held by this process alone. */
export interface DataDirectory {
  readonly path: string;
  readonly store: Store;
  readonly masterKey: Buffer;
  readonly adminTokenFile: string;
  readonly edgeTokenFile: string;
  /** Closes the store, then lets the directory go. */
  close(): Promise<void>;
}

/**
 * Opens the data directory of a platform, making what is missing: the directory (0700), the master key, the database with
 * the project `default`, an admin token and an edge token (files 0600).
 *
 * Fails with `unavailable`, in one sentence that says what to do: the directory cannot be written or is in use by another
 * process, or the master key of an existing database is missing or another one.
 */
export async function openDataDirectory(options: DataDirectoryOptions): Promise<DataDirectory> {
  const { path } = options;
  const lock = lockDirectory(path, 'POSTERN_DATA_DIR');
  let store: Store | undefined;
  try {
    const databaseFile = options.databaseUrl.replace(/^sqlite:/, '');
    const masterKey = loadOrCreateMasterKey(path, databaseFile);
    store = await openStore({ url: options.databaseUrl, compiler, now: options.now });
    await refuseForeignMasterKey(store, masterKey, path);
    await store.ensureProject(resourceName.parse('default'));
    const adminTokenFile = join(path, 'admin-token');
    const edgeTokenFile = options.edgeTokenFile ?? join(path, 'edge-token');
    await ensureTokenFile(store, adminTokenFile, 'admin', options.now());
    await ensureTokenFile(store, edgeTokenFile, 'edge', options.now());
    const opened = store;
    return {
      path,
      store: opened,
      masterKey,
      adminTokenFile,
      edgeTokenFile,
      async close() {
        await opened.close();
        lock.release();
      },
    };
  } catch (error) {
    await store?.close();
    lock.release();
    throw error;
  }
}
