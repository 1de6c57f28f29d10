import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resourceName } from '@postern/contracts';
import { createLocalAuthority, newMasterKey, sealWithMasterKey } from '@postern/pki';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashToken } from './authenticate.ts';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';
import { loadMasterKey } from './master-key.ts';

let root: string;
let path: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'postern-data-'));
  path = join(root, 'data');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = (directory = path): Promise<DataDirectory> =>
  openDataDirectory({
    path: directory,
    databaseUrl: `sqlite:${join(path, 'postern.db')}`,
    now: () => Date.now(),
  });

const refusalOf = (detail: string) =>
  expect.objectContaining({ code: 'unavailable', detail: expect.stringContaining(detail) });

test('everything is made on first opening, readable by its owner alone, and kept from then on', async () => {
  const first = await open();
  const files = ['master.key', 'admin-token', 'edge-token', 'postern.db', 'lock-owner'];
  expect(statSync(path).mode & 0o777).toBe(0o700);
  for (const file of files) expect([file, statSync(join(path, file)).mode & 0o077]).toEqual([file, 0]);
  const kept = ['master.key', 'admin-token', 'edge-token'].map((file) =>
    readFileSync(join(path, file), 'utf8'),
  );
  expect(kept[1]).toMatch(/^postern_[A-Za-z0-9_-]{43}\n$/);
  expect(await first.store.hasProject('default')).toBe(true);
  expect(await first.store.findToken(hashToken(kept[1]?.trim() ?? ''))).toMatchObject({ scope: 'admin' });
  expect(await first.store.findToken(hashToken(kept[2]?.trim() ?? ''))).toMatchObject({ scope: 'edge' });
  await first.close();
  const second = await open();
  expect(second.masterKey).toEqual(first.masterKey);
  expect(readFileSync(second.adminTokenFile, 'utf8')).toBe(kept[1]);
  await second.close();
});

test('a deleted token file gets a new token; a token that an older database does not know is entered again', async () => {
  const first = await open();
  const old = readFileSync(first.edgeTokenFile, 'utf8');
  await first.close();
  rmSync(join(path, 'edge-token'));
  rmSync(join(path, 'postern.db'));
  const second = await open();
  expect(readFileSync(second.edgeTokenFile, 'utf8')).not.toBe(old);
  const admin = readFileSync(second.adminTokenFile, 'utf8').trim();
  expect(await second.store.findToken(hashToken(admin))).toMatchObject({ scope: 'admin' });
  await second.close();
});

describe('a token file and the token of its name', () => {
  const tokenIn = (file: string) => readFileSync(join(path, file), 'utf8').trim();
  const restart = async (between: (data: DataDirectory) => Promise<void> = async () => {}) => {
    const data = await open();
    await between(data);
    await data.close();
  };
  const isRevoked = async (token: string): Promise<boolean> => {
    const data = await open();
    const record = await data.store.findToken(hashToken(token));
    await data.close();
    return record?.revokedAt !== null;
  };

  test.each(['admin-token', 'edge-token'])(
    '%s deleted: a new token is made and the old one revoked',
    async (file) => {
      await restart();
      const old = tokenIn(file);
      rmSync(join(path, file));
      await restart();
      expect(tokenIn(file)).not.toBe(old);
      expect([await isRevoked(old), await isRevoked(tokenIn(file))]).toEqual([true, false]);
    },
  );

  test('a revoked token is not made valid by the file that still holds it: the file gets a new one', async () => {
    await restart(async ({ store }) => {
      await store.revokeToken(resourceName.parse('admin'), { force: true });
    });
    const old = tokenIn('admin-token');
    await restart();
    expect(tokenIn('admin-token')).not.toBe(old);
    expect([await isRevoked(old), await isRevoked(tokenIn('admin-token'))]).toEqual([true, false]);
  });

  test('a token made by the API may stand in the file, and the one of its name stays valid', async () => {
    await restart();
    const first = tokenIn('edge-token');
    const own = `postern_${'a'.repeat(43)}`;
    await restart(async ({ store }) => {
      await store.createToken({ name: 'mine', scope: 'edge', hash: hashToken(own), expiresAt: null });
    });
    writeFileSync(join(path, 'edge-token'), own, { mode: 0o600 });
    await restart();
    expect(tokenIn('edge-token')).toBe(own);
    expect(await isRevoked(first)).toBe(false);
  });
});

describe('the lock', () => {
  test('a second opening is refused and names the holder; after closing the next one gets in', async () => {
    const first = await open();
    await expect(open()).rejects.toEqual(refusalOf(`in use by process ${process.pid}`));
    await first.close();
    await (await open()).close();
  });
});

describe('what cannot be used is refused in one sentence', () => {
  test('a directory that cannot be made', async () => {
    writeFileSync(join(root, 'file'), '');
    await expect(open(join(root, 'file/data'))).rejects.toEqual(refusalOf('POSTERN_DATA_DIR: '));
  });

  test('a missing master key beside a database, and nothing is left locked or made', async () => {
    await (await open()).close();
    rmSync(join(path, 'master.key'));
    await expect(open()).rejects.toEqual(refusalOf('put it back from a backup'));
    expect(existsSync(join(path, 'master.key'))).toBe(false);
    await expect(open()).rejects.toEqual(refusalOf('put it back from a backup'));
  });

  test('a master key that is not the one the database was sealed with', async () => {
    const first = await open();
    const { certPem, keyPem } = await createLocalAuthority({ name: 'CA', now: Date.now() });
    const sealedKey = sealWithMasterKey(first.masterKey, Buffer.from(keyPem), 'authority:local');
    await first.store.ensureAuthority({ name: 'local', certPem, sealedKey });
    await first.close();
    await (await open()).close();
    writeFileSync(join(path, 'master.key'), newMasterKey(), { mode: 0o600 });
    await expect(open()).rejects.toEqual(refusalOf('is not the key that the database was sealed with'));
    await expect(open()).rejects.toEqual(refusalOf('is not the key that the database was sealed with'));
  });

  test('a master key of the wrong size, or one that others may read', async () => {
    await (await open()).close();
    const file = join(path, 'master.key');
    chmodSync(file, 0o644);
    await expect(open()).rejects.toEqual(refusalOf('chmod 600'));
    rmSync(file);
    writeFileSync(file, 'short', { mode: 0o600 });
    await expect(open()).rejects.toEqual(refusalOf('32 bytes'));
  });

  test('a token file that holds something else', async () => {
    await (await open()).close();
    writeFileSync(join(path, 'admin-token'), 'hello', { mode: 0o600 });
    await expect(open()).rejects.toEqual(refusalOf('holds no token'));
    writeFileSync(join(path, 'admin-token'), readFileSync(join(path, 'edge-token')), { mode: 0o600 });
    await expect(open()).rejects.toEqual(refusalOf('scope "edge"'));
  });

  test('a directory without a key, for parts that only read it', () => {
    expect(() => loadMasterKey(path, join(path, 'postern.db'))).toThrow(refusalOf('start the API first'));
  });
});
