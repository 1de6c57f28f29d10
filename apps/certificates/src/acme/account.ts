import { randomUUID } from 'node:crypto';
import { openWithMasterKey, sealWithMasterKey } from '@postern/pki';
import type { AcmeAccountRecord, Store } from '@postern/store';
import { AcmeCalls, loadAcme } from './acme-calls.ts';
import { AcmeProblem } from './acme-problem.ts';
import type { AcmeTransport } from './transport.ts';

/** Milliseconds after which an account gets another key. */
const KEY_LIFE_MS = 365 * 86_400_000;

/** Milliseconds for which one process alone may change the key. */
const ROLLOVER_MS = 60_000;

export interface ExternalAccount {
  readonly keyId: string;
  /** base64url, as the CA gave it. */
  readonly hmacKey: string;
}

export interface AccountOptions {
  readonly store: Store;
  readonly masterKey: Buffer;
  readonly transport: AcmeTransport;
  readonly directoryUrl: string;
  /** Where the CA may write to its subscriber; null: nowhere. */
  readonly email: string | null;
  /** Used where the CA demands it; null: there is none. */
  readonly externalAccount: ExternalAccount | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * The account at one CA, ready for use: its key is made once, sealed and stored before the CA hears of it, and several
 * workers use the same one. A contact that has changed is told to the CA; a key older than a year is replaced.
 */
export async function openAccount(options: AccountOptions): Promise<AcmeCalls> {
  const { store, directoryUrl } = options;
  const found = await ensureRecord(options);
  const isOurs =
    (found.nextSealedKey !== null || isOld(options, found)) &&
    (await store.acquireLease(`acme-account ${directoryUrl}`, randomUUID(), ROLLOVER_MS));
  // Another process may have ended its change before the lease was ours.
  const stored = isOurs ? await ensureRecord(options) : found;
  const { nextSealedKey } = stored;
  // Of several processes one changes the key, and says what became of a change; the others ask the CA which counts and write nothing.
  if (nextSealedKey !== null && !isOurs) return await openByKnownKey(options, stored, nextSealedKey);
  const record = nextSealedKey === null ? stored : await settleRollover(options, stored, nextSealedKey);
  const contact = contactOf(options);
  if (record.accountUrl === null) return await register(options, record);
  const calls = await callsOf(options, record.sealedKey, record.accountUrl);
  if (record.contact !== contact) {
    await calls.run((client) => client.updateAccount({ contact: contact === null ? [] : [contact] }));
    await store.saveAcmeAccount({ ...record, contact });
  }
  return isOurs && isOld(options, record) ? await rollOverKey(options, { ...record, contact }) : calls;
}

/** Forgets what the CA knows of the account, after it said that it knows none; the key stays. */
export async function forgetAccount(options: AccountOptions): Promise<void> {
  const record = await options.store.getAcmeAccount(options.directoryUrl);
  if (record !== null) await options.store.saveAcmeAccount({ ...record, accountUrl: null });
}

/**
 * Gives the account another key (RFC 8555 section 7.3.5). The new key is stored, sealed, before it is sent: whenever this
 * breaks off, `openAccount` finds out which of the two the CA knows.
 */
export async function rollOverKey(options: AccountOptions, record: AcmeAccountRecord): Promise<AcmeCalls> {
  const { store } = options;
  const nextSealedKey = await newSealedKey(options);
  await store.saveAcmeAccount({ ...record, nextSealedKey });
  const calls = await callsOf(options, record.sealedKey, record.accountUrl ?? undefined);
  await calls.run((client) => client.updateAccountKey(openKey(options, nextSealedKey)));
  await store.saveAcmeAccount({ ...record, sealedKey: nextSealedKey, nextSealedKey: null });
  return calls;
}

async function settleRollover(
  options: AccountOptions,
  record: AcmeAccountRecord,
  nextSealedKey: string,
): Promise<AcmeAccountRecord> {
  const isKnown = await findAccount(await callsOf(options, nextSealedKey));
  return await options.store.saveAcmeAccount({
    ...record,
    sealedKey: isKnown ? nextSealedKey : record.sealedKey,
    nextSealedKey: null,
  });
}

async function openByKnownKey(
  options: AccountOptions,
  { sealedKey, accountUrl }: AcmeAccountRecord,
  nextSealedKey: string,
): Promise<AcmeCalls> {
  const next = await callsOf(options, nextSealedKey);
  return (await findAccount(next)) ? next : await callsOf(options, sealedKey, accountUrl ?? undefined);
}

function isOld({ now }: AccountOptions, { createdAt }: AcmeAccountRecord): boolean {
  return now() - createdAt > KEY_LIFE_MS;
}

/** True when the CA has an account of this key, which the calls then use. */
async function findAccount(calls: AcmeCalls): Promise<boolean> {
  try {
    await calls.run((client) => client.createAccount({ onlyReturnExisting: true }));
    return true;
  } catch (error) {
    if (error instanceof AcmeProblem && error.type === 'accountDoesNotExist') return false;
    throw error;
  }
}

async function ensureRecord(options: AccountOptions): Promise<AcmeAccountRecord> {
  const { store, directoryUrl } = options;
  return (
    (await store.getAcmeAccount(directoryUrl)) ??
    (await store.ensureAcmeAccount({
      directoryUrl,
      sealedKey: await newSealedKey(options),
      nextSealedKey: null,
      accountUrl: null,
      contact: contactOf(options),
      eabKeyId: null,
    }))
  );
}

async function register(options: AccountOptions, record: AcmeAccountRecord): Promise<AcmeCalls> {
  const calls = await callsOf(options, record.sealedKey);
  const contact = contactOf(options);
  const contacts = contact === null ? {} : { contact: [contact] };
  // A process may have died after the CA made the account: acme-client would send the wish for a new one as an update of that one.
  if (!(await findAccount(calls)))
    await calls.run((client) => client.createAccount({ termsOfServiceAgreed: true, ...contacts }));
  else if (contact !== null) await calls.run((client) => client.updateAccount(contacts));
  await options.store.saveAcmeAccount({
    ...record,
    accountUrl: calls.accountUrl,
    contact,
    eabKeyId: options.externalAccount?.keyId ?? null,
  });
  return calls;
}

async function callsOf(options: AccountOptions, sealedKey: string, accountUrl?: string): Promise<AcmeCalls> {
  const { transport, directoryUrl, externalAccount, now } = options;
  return await AcmeCalls.open(transport, now, {
    directoryUrl,
    accountKey: openKey(options, sealedKey),
    ...(accountUrl === undefined ? {} : { accountUrl }),
    ...(externalAccount === null
      ? {}
      : { externalAccountBinding: { kid: externalAccount.keyId, hmacKey: externalAccount.hmacKey } }),
  });
}

async function newSealedKey(options: AccountOptions): Promise<string> {
  const { crypto } = await loadAcme();
  return sealWithMasterKey(options.masterKey, await crypto.createPrivateEcdsaKey('P-256'), aadOf(options));
}

function openKey(options: AccountOptions, sealedKey: string): Buffer {
  return openWithMasterKey(options.masterKey, sealedKey, aadOf(options));
}

const aadOf = ({ directoryUrl }: AccountOptions): string => `acme-account:${directoryUrl}`;
const contactOf = ({ email }: AccountOptions): string | null => (email === null ? null : `mailto:${email}`);
