import { type Log, PosternError } from '@postern/contracts';
import type { CertificateOrderRecord, Store } from '@postern/store';
import { backOffMs } from './back-off.ts';
import { certificateErrorOf, IssueFailure } from './issue-failure.ts';
import type { Issuer } from './issuer.ts';
import { earliestRenewalOf } from './renew-at.ts';

/** Milliseconds that one worker has an order for itself; renewed while it works, so that only a dead one's runs out. */
const LEASE_MS = 15_000;
/** Milliseconds after the end of a hold by which orders that waited for it are spread. */
const SPREAD_MS = 10_000;

export interface AttemptOptions {
  readonly store: Store;
  readonly log: Log;
  /** Names this worker among all that share the store. */
  readonly holder: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

/**
 * Tries once to get the certificate of an order, and stores it, or why not and when next. Gives `busy` where another worker
 * has the order, `done` in every other case. Where the signal aborts, the order stays as it is, for the next process.
 */
export async function attemptOrder(
  id: string,
  issuer: Issuer,
  options: AttemptOptions,
  stop: AbortSignal,
): Promise<'done' | 'busy'> {
  const { store, holder, now, log } = options;
  const lease = `certificate-order:${id}`;
  if (!(await store.acquireLease(lease, holder, LEASE_MS))) return 'busy';
  const lost = new AbortController();
  const renewing = setInterval(() => {
    store.acquireLease(lease, holder, LEASE_MS).then(
      (isOurs) => isOurs || lost.abort(),
      (error: unknown) => log.warn({ err: error }, 'the lease of an order could not be renewed'),
    );
  }, LEASE_MS / 3);
  try {
    // As it is now: another worker may have served it since it was listed.
    const order = await store.getOrder(id);
    if (order === null || order.usedNames.length === 0 || order.nextAttemptAt > now()) return 'done';
    await issue(order, issuer, options, AbortSignal.any([stop, lost.signal]));
    return 'done';
  } finally {
    clearInterval(renewing);
    await store.releaseLease(lease, holder);
  }
}

async function issue(
  order: CertificateOrderRecord,
  issuer: Issuer,
  options: AttemptOptions,
  signal: AbortSignal,
): Promise<void> {
  const { store, log } = options;
  const names = order.usedNames;
  try {
    const issued = await issuer.issue(order, {
      signal,
      save: async (patch) => void (await store.updateOrder(order.id, patch)),
    });
    const { notBefore, notAfter } = issued.document;
    const renewAt = Math.max(issued.renewAt, earliestRenewalOf(issued.document, options.now()));
    await store.saveIssuedCertificate({ ...issued, renewAt, orderId: order.id, names });
    log.info({ names, issuer: issued.issuer, notAfter }, 'certificate issued');
    if (renewAt > issued.renewAt)
      log.warn(
        { names, notBefore, notAfter },
        'by the clock of this machine the certificate is to be renewed already',
      );
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof PosternError && error.code === 'not_found') {
      log.info({ names }, 'the order went while its certificate was issued');
      return;
    }
    await noteFailure(order, error, options);
  }
}

async function noteFailure(
  order: CertificateOrderRecord,
  error: unknown,
  { store, log, now, random }: AttemptOptions,
): Promise<void> {
  const at = now();
  const lastError = certificateErrorOf(error, at);
  const retryAt = error instanceof IssueFailure ? error.retryAt : null;
  // A limit that is reached is no failure of the order: what comes after it begins with short waits.
  const isHeld = lastError.code === 'rate_limited' && retryAt !== null;
  const attempts = order.attempts + (isHeld ? 0 : 1);
  const nextAttemptAt = isHeld
    ? retryAt + Math.round(random() * SPREAD_MS)
    : Math.max(at + backOffMs(attempts, lastError.code, random), retryAt ?? 0);
  await store.updateOrder(order.id, { state: 'failing', attempts, nextAttemptAt, lastError });
  const fields = { err: error, names: order.usedNames, code: lastError.code, retryInMs: nextAttemptAt - at };
  log.warn(fields, 'certificate not issued');
}
