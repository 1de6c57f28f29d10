import type { Log } from '@postern/contracts';
import type { CertificateToLookAt, IssuedCertificateRecord, Store } from '@postern/store';
import { renewalTimeIn } from './acme/renewal-info.ts';
import { IssueFailure } from './issue-failure.ts';
import type { Issuer } from './issuer.ts';
import { earliestRenewalOf } from './renew-at.ts';

/** Certificates whose next looks are stored together. */
const PAGE = 100;
const LEASE = 'certificate-renewal-info';
const LEASE_MS = 300_000;
/** Milliseconds after which a CA is asked again that could not say. */
const AFTER_FAILURE_MS = 3_600_000;
/** Milliseconds after which one is looked at again whose CA says nothing: the settings may be others by then. */
const NOTHING_TO_ASK_MS = 24 * 3_600_000;

export interface RenewalLooksOptions {
  readonly store: Store;
  readonly issuers: readonly Issuer[];
  readonly holder: string;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

/**
 * Asks CAs when they would like their certificates to be renewed (ARI), as often as they say, and moves renewals there; also
 * has the CA take over what the local one issued before there was a CA. Of several workers one does this.
 */
export class RenewalLooks {
  readonly #options: RenewalLooksOptions;

  constructor(options: RenewalLooksOptions) {
    this.#options = options;
  }

  /** Lets another worker do it from now on. */
  async end(): Promise<void> {
    await this.#options.store.releaseLease(LEASE, this.#options.holder);
  }

  async look(stop: AbortSignal): Promise<void> {
    const { store, holder, issuers, now } = this.#options;
    // The local CA alone has nothing to say.
    if (issuers.length === 1) return;
    for (;;) {
      // Anew for each page: with very many certificates this takes long.
      if (!(await store.acquireLease(LEASE, holder, LEASE_MS))) return;
      const due = await store.listCertificatesToLookAt(now(), PAGE);
      const looks: { id: string; at: number }[] = [];
      try {
        for (const certificate of due) {
          if (stop.aborted) return;
          looks.push({ id: certificate.id, at: await this.#lookAt(certificate) });
        }
      } finally {
        if (looks.length > 0) await store.noteLooks(looks);
      }
      if (due.length < PAGE) return;
    }
  }

  /** Gives when to look again. */
  async #lookAt(certificate: CertificateToLookAt): Promise<number> {
    const { issuers, now, log } = this.#options;
    if (!certificate.isUsed) return now() + AFTER_FAILURE_MS;
    const wanted = issuers.find((issuer) => issuer.issuesFor(certificate.names));
    if (wanted !== undefined && !wanted.has(certificate.issuer) && certificate.issuer === 'local') {
      await this.#renewAt(certificate, now(), null);
      return now() + AFTER_FAILURE_MS;
    }
    const { replacedReason, document, createdAt } = certificate;
    const earliestAt = earliestRenewalOf(document, createdAt);
    if (replacedReason === 'ari' && now() < earliestAt) return earliestAt;
    const owner = issuers.find((issuer) => issuer.has(certificate.issuer));
    const { ariCertId } = certificate;
    if (ariCertId === null || owner === undefined) return now() + NOTHING_TO_ASK_MS;
    try {
      const info = await owner.renewalInfo(certificate.issuer, ariCertId);
      if (info !== null) await this.#renewAt(certificate, null, info);
      return info?.lookAgainAt ?? now() + AFTER_FAILURE_MS;
    } catch (error) {
      if (!(error instanceof IssueFailure)) throw error;
      log.info({ err: error, names: certificate.names }, 'the CA does not say when to renew');
      return Math.max(now() + AFTER_FAILURE_MS, error.retryAt ?? 0);
    }
  }

  async #renewAt(
    certificate: IssuedCertificateRecord,
    at: number | null,
    info: { readonly start: number; readonly end: number } | null,
  ): Promise<void> {
    const { store, now, random } = this.#options;
    const [name] = certificate.names;
    if (name === undefined) return;
    const order = await store.getCertificate(certificate.project, name);
    // What has come due already, or is being renewed, needs no other time.
    if (order.state !== 'issued' || order.nextAttemptAt <= now() || order.certificate?.id !== certificate.id)
      return;
    const time = info === null ? at : renewalTimeIn(info, order.nextAttemptAt, now(), random);
    if (time === null || time === order.nextAttemptAt) return;
    await store.updateOrder(order.id, {
      nextAttemptAt: time,
      // One that is to be later is not wanted yet.
      ...(info !== null && time <= now() ? { renewReason: 'ari' as const } : {}),
    });
  }
}
