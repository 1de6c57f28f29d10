import { PosternError } from '@postern/contracts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import type { Store, StoreOptions } from './store.ts';

/**
 * Opens the database a URL names and starts a new epoch in it.
 * Fails with `validation_failed` for a URL of another form, `unavailable` when the database cannot be used.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const file = /^sqlite:([^:].*)$/s.exec(options.url)?.[1];
  if (file !== undefined) return openSqliteStore(file, options);
  throw new PosternError('validation_failed', {
    detail: 'the database URL must be sqlite:FILE, like sqlite:/var/lib/postern/postern.db',
  });
}
