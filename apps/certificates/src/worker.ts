import { type Log, PosternError } from '@postern/contracts';
import { sealWithMasterKey } from '@postern/pki';
import type { CertificateOrderRecord, Store } from '@postern/store';

import { BackOff } from './back-off.ts';
import type { Issuer } from './issuer.ts';

/** Hosts looked at in one round; the rest follow in the next, at once. */
const HOSTS_PER_ROUND = 10_000;
/** Milliseconds between looks when nothing wakes the worker: renewals come due by the clock. */
const LOOK_EVERY_MS = 60_000;
/** Key of the store's own failures in the back-off; no host is spelt like this. */
const STORE = '(store)';

export interface CertificateWorkerOptions {
  readonly store: Store;
  readonly issuer: Issuer;
  readonly masterKey: Buffer;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Milliseconds between looks when nothing wakes the worker; 60,000 when absent. */
  readonly lookEveryMs?: number;
}

/**
 * Keeps every host that needs a certificate supplied with one. A reconciler: it looks at what is wanted, gets it, and
 * looks again when the log grows, when a failure may be retried, and every minute. `stop` waits for work under way.
 */
export function startCertificateWorker(options: CertificateWorkerOptions): { stop(): Promise<void> } {
  const { store, log, now } = options;
  const backOff = new BackOff(options.random);
  let stopped = false;
  let wake: () => void = () => {};
  let woken = false;
  const nudge = (): void => {
    woken = true;
    wake();
  };
  const unsubscribe = store.onRevision(nudge);

  const sleep = async (): Promise<void> => {
    const retryAt = backOff.nextRetryAt(now()) ?? Number.POSITIVE_INFINITY;
    const waitMs = Math.min(options.lookEveryMs ?? LOOK_EVERY_MS, Math.max(10, retryAt - now()));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (woken || stopped) wake();
    });
    wake = () => {};
  };

  const run = async (): Promise<void> => {
    while (!stopped) {
      woken = false;
      try {
        if (await runRound(options, backOff, () => stopped)) continue;
      } catch (error) {
        log.error({ err: error }, 'looking for hosts without a certificate failed');
        backOff.failed(STORE, now());
      }
      await sleep();
    }
  };
  const running = run();

  return {
    async stop() {
      stopped = true;
      unsubscribe();
      wake();
      await running;
    },
  };
}

/** Serves one round of hosts; true when another round is worth starting at once. */
async function runRound(
  options: CertificateWorkerOptions,
  backOff: BackOff,
  isStopped: () => boolean,
): Promise<boolean> {
  const { store, now } = options;
  const wanted = await store.listDueOrders(now(), HOSTS_PER_ROUND);
  backOff.keepOnly(new Set(wanted.map(({ id }) => id)));
  let served = 0;
  for (const order of wanted) {
    if (isStopped()) return false;
    if (backOff.isWaiting(order.id, now())) continue;
    if (await supply(options, order, backOff)) served += 1;
  }
  return served > 0 && wanted.length === HOSTS_PER_ROUND;
}

async function supply(
  options: CertificateWorkerOptions,
  order: CertificateOrderRecord,
  backOff: BackOff,
): Promise<boolean> {
  const { store, issuer, masterKey, log, now } = options;
  const [host] = order.usedNames;
  if (host === undefined) return false;
  try {
    const { keyPem, renewAt, ...facts } = await issuer.issue(host);
    const sealedKey = sealWithMasterKey(masterKey, Buffer.from(keyPem), `certificate-key:issued:${host}`);
    await store.saveIssuedCertificate({
      orderId: order.id,
      names: [host],
      issuer: issuer.name,
      document: { ...facts, sealedKey },
      renewAt,
      ariCertId: null,
    });
    backOff.succeeded(order.id);
    log.info({ host, issuer: issuer.name, notAfter: facts.notAfter }, 'certificate issued');
    return true;
  } catch (error) {
    if (error instanceof PosternError && error.code === 'not_found') {
      log.info({ host }, 'the route of this host went while its certificate was issued');
      return false;
    }
    const waitMs = backOff.failed(order.id, now());
    log.warn({ err: error, host, issuer: issuer.name, retryInMs: waitMs }, 'certificate not issued');
    return false;
  }
}
