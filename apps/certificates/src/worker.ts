import { randomUUID } from 'node:crypto';
import type { Log } from '@postern/contracts';
import type { Store } from '@postern/store';
import type { Issuer } from './issuer.ts';
import { OrderQueue } from './order-queue.ts';
import { RenewalLooks } from './renewal-looks.ts';
import { revokeWaiting } from './revoke-waiting.ts';
import { type Rounds, startRounds } from './rounds.ts';

/** Milliseconds between looks when nothing wakes the worker. */
const LOOK_EVERY_MS = 60_000;
/** Milliseconds between looks while something waits that nobody announces: a lease, a slot, a CA that is away. */
const WAITING_MS = 1000;
/** Milliseconds for which CAs may still answer when the worker is to stop; the next process goes on from what is stored. */
const LAST_ANSWERS_MS = 3000;
/** Milliseconds between times at which what is of no more use is deleted. */
const PURGE_EVERY_MS = 3_600_000;

export interface CertificateWorkerOptions {
  readonly store: Store;
  /** The first that issues for the names of an order gets it. */
  readonly issuers: readonly Issuer[];
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Names of one registered domain of one project that may share a certificate; 1 when absent. */
  readonly namesPerCertificate?: number;
  /** Milliseconds between looks when nothing wakes the worker; 60,000 when absent. */
  readonly lookEveryMs?: number;
}

/**
 * Keeps every host that needs a certificate supplied with one. A reconciler: it works on the orders that are due, on wishes to
 * revoke and on what CAs say of renewals, and looks again when something is written, when an order has ended or is due, and
 * every minute. `stop` waits until what is under way is at a place where another process can go on; issuers that keep it waiting are closed.
 */
export function startCertificateWorker(options: CertificateWorkerOptions): { stop(): Promise<void> } {
  const { store, log, now } = options;
  const lookEveryMs = options.lookEveryMs ?? LOOK_EVERY_MS;
  const work = { ...options, holder: randomUUID() };
  const queue = new OrderQueue({
    ...work,
    namesPerCertificate: options.namesPerCertificate ?? 1,
    onEnd: () => orders.wake(),
  });
  const looks = new RenewalLooks(work);

  /** Looks at everything that is due; gives the milliseconds until something will be. */
  const look = async (): Promise<number> => {
    const revocationsWait = await revokeWaiting(work);
    const ordersWait = await queue.begin();
    if (revocationsWait || ordersWait) return Math.min(WAITING_MS, lookEveryMs);
    const nextAt = (await store.nextOrderAt()) ?? Number.POSITIVE_INFINITY;
    // One that is due now is under way, and tells when it has ended.
    return nextAt <= now() ? lookEveryMs : Math.min(lookEveryMs, Math.max(10, nextAt - now()));
  };

  const orders = startRounds({
    round: look,
    afterFailureMs: WAITING_MS,
    onFailure: (error) => log.error({ err: error }, 'looking for hosts without a certificate failed'),
  });
  const tidying = startTidying(options, looks);
  const unsubscribe = store.onWrite(orders.wake);

  return {
    async stop() {
      unsubscribe();
      const tooLate = setTimeout(() => {
        for (const issuer of options.issuers) issuer.close();
      }, LAST_ANSWERS_MS);
      await Promise.all([queue.stop(), orders.stop(), tidying.stop()]).finally(() => clearTimeout(tooLate));
      await looks.end();
    },
  };
}

/** Does what is done beside the orders, now and every minute: renewal information, challenges that were left, old rows. */
function startTidying(
  { store, log, now, lookEveryMs = LOOK_EVERY_MS }: CertificateWorkerOptions,
  looks: RenewalLooks,
): Rounds {
  let purgeAt = 0;
  return startRounds({
    async round(stopping) {
      await sweepChallenges(store, now());
      await looks.look(stopping);
      if (now() >= purgeAt) {
        while ((await store.purgeCertificates()) > 0 && !stopping.aborted);
        purgeAt = now() + PURGE_EVERY_MS;
      }
      return lookEveryMs;
    },
    afterFailureMs: lookEveryMs,
    onFailure: (error) => log.error({ err: error }, 'looking after certificates failed'),
  });
}

/** Deletes the answers that a worker which is no more has left; no CA looks at them after their time. */
async function sweepChallenges(store: Store, now: number): Promise<void> {
  const all = await store.listChallenges();
  const old = all.filter(({ challenge }) => challenge.expiresAt <= now).map(({ id }) => id);
  if (old.length > 0) await store.deleteChallenges(old);
}
