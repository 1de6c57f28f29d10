import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { IDENTITY_KEYS, type IdentityKey, type IdentityKeys, type Log } from '@postern/contracts';
import { sealWithMasterKey } from '@postern/pki';
import type { Store } from '@postern/store';

/** Milliseconds between two looks at the age of the keys; far below the hour that a key is published ahead. */
const EVERY_MS = 60_000;

interface IdentityKeysOptions {
  readonly store: Pick<Store, 'updateIdentityKeys'>;
  /** 32 bytes. */
  readonly masterKey: Buffer;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What an identity key is sealed as to the master key. */
export const identityKeyUse = (id: string): string => `identity-key:${id}`;

/**
 * Makes the keys that edges sign identity tokens with, at once and then every week, for as long as it runs. `made` settles after the
 * first look. What fails is logged and tried again: without keys services get no token, and are told so.
 */
export function startIdentityKeys(options: IdentityKeysOptions): {
  readonly made: Promise<void>;
  stop(): void;
} {
  const { store, masterKey, log, now } = options;
  const look = async () => {
    try {
      await store.updateIdentityKeys((present) => nextIdentityKeys(present, { masterKey, now: now() }));
    } catch (error) {
      log.error({ err: error }, 'the keys of identity tokens could not be made; it is tried again');
    }
  };
  const timer = setInterval(() => void look(), EVERY_MS);
  timer.unref();
  return { made: look(), stop: () => clearInterval(timer) };
}

/**
 * The keys that follow: null while the newest is young. A successor stands in the key set for an hour before it signs, unless nothing
 * else can; those that have not expired stay behind it. A newest key from the future (a clock that was set back) is replaced.
 */
export function nextIdentityKeys(
  present: IdentityKeys | undefined,
  { masterKey, now }: { readonly masterKey: Buffer; readonly now: number },
): IdentityKeys | null {
  const kept = (present?.keys ?? []).filter(
    ({ createdAt, expiresAt }) => Date.parse(createdAt) <= now && now < Date.parse(expiresAt),
  );
  const [newest] = kept;
  const isFirst = newest === present?.keys[0];
  if (newest !== undefined && isFirst && now - Date.parse(newest.createdAt) < IDENTITY_KEYS.rotateAfterMs) {
    return null;
  }
  const canSign = kept.some(({ signsFrom }) => Date.parse(signsFrom) <= now);
  const made = newIdentityKey(masterKey, now, canSign ? now + IDENTITY_KEYS.publishAheadMs : now);
  return { keys: [made, ...kept.slice(0, 7)] };
}

function newIdentityKey(masterKey: Buffer, now: number, signsFrom: number): IdentityKey {
  const id = randomUUID();
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  const sealedKey = sealWithMasterKey(masterKey, pkcs8, identityKeyUse(id));
  pkcs8.fill(0);
  return {
    id,
    x,
    y,
    sealedKey,
    createdAt: new Date(now).toISOString(),
    signsFrom: new Date(signsFrom).toISOString(),
    expiresAt: new Date(now + IDENTITY_KEYS.expireAfterMs).toISOString(),
  };
}
