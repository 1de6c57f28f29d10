import type { Hostname } from '@postern/contracts';
import type { CertificateOrderRecord } from '@postern/store';
import { type AttemptOptions, attemptOrder } from './attempt-order.ts';
import type { Issuer } from './issuer.ts';
import { registeredDomainOf } from './registered-domain.ts';

/** Orders under way at once: of all, and of one registered domain, so that one with very many holds up no other. */
const AT_ONCE = 12;
const AT_ONCE_PER_DOMAIN = 8;
/** Orders looked at to find some that may begin. */
const LOOKED_AT = 1000;
/** Milliseconds between looks at the list while orders that are due have to wait. */
const LIST_EVERY_MS = 500;
/** Milliseconds for which an order that another worker has is left alone. */
const BUSY_MS = 2000;
/** Milliseconds after which an order is looked at again whose attempt could not even note its failure. */
const BROKEN_MS = 5000;

export interface OrderQueueOptions extends AttemptOptions {
  /** The first that issues for the names of an order gets it. */
  readonly issuers: readonly Issuer[];
  /** Names of one registered domain of one project that may share a certificate when they wait together. */
  readonly namesPerCertificate: number;
  /** Called whenever an order has ended. */
  readonly onEnd: () => void;
}

/** Works on the orders that are due, longest due first, several at once. */
export class OrderQueue {
  readonly #options: OrderQueueOptions;
  readonly #stop = new AbortController();
  readonly #running = new Map<
    string,
    { readonly domains: readonly string[]; readonly done: Promise<void> }
  >();
  /** Ids, and until when they are left alone. */
  readonly #leftAlone = new Map<string, number>();
  /** Until then the list is not read again, unless an order ends: those that are due have to wait. */
  #fullUntil = 0;

  constructor(options: OrderQueueOptions) {
    this.#options = options;
  }

  /** Begins as many of the due orders as may be; true when some that are due have to wait for others. */
  async begin(): Promise<boolean> {
    const { store, now } = this.#options;
    const at = now();
    if (this.#running.size >= AT_ONCE || at < this.#fullUntil) return true;
    for (const [id, until] of this.#leftAlone) if (until <= at) this.#leftAlone.delete(id);
    const due = await store.listDueOrders(at, LOOKED_AT);
    const taken = new Set<string>();
    let waits = false;
    for (const order of due) {
      if (taken.has(order.id) || this.#running.has(order.id)) continue;
      if (!this.#mayBegin(order)) {
        waits = true;
        continue;
      }
      const joined = await this.#join(order, due, taken);
      taken.add(order.id);
      this.#start(joined);
    }
    // What is written meanwhile, as by every order under way, must not have a long list read each time.
    this.#fullUntil = waits ? at + LIST_EVERY_MS : 0;
    return waits;
  }

  /** Lets orders under way come to a place where another process can go on. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  #mayBegin(order: CertificateOrderRecord): boolean {
    if (this.#stop.signal.aborted || this.#leftAlone.has(order.id)) return false;
    if (this.#running.size >= AT_ONCE) return false;
    const domains = domainsOf(order.usedNames);
    const running = [...this.#running.values()];
    return domains.every(
      (domain) => running.filter((other) => other.domains.includes(domain)).length < AT_ONCE_PER_DOMAIN,
    );
  }

  #start(order: CertificateOrderRecord): void {
    const { id } = order;
    const issuer = this.#issuerFor(order.usedNames);
    if (issuer === undefined) return;
    const done = attemptOrder(id, issuer, this.#options, this.#stop.signal)
      .then(
        (outcome) => {
          if (outcome === 'busy') this.#leaveAlone(id, BUSY_MS);
        },
        (error: unknown) => {
          this.#options.log.error({ err: error, names: order.usedNames }, 'an attempt broke off');
          this.#leaveAlone(id, BROKEN_MS);
        },
      )
      .finally(() => {
        this.#running.delete(id);
        this.#fullUntil = 0;
        this.#options.onEnd();
      });
    this.#running.set(id, { domains: domainsOf(order.usedNames), done });
  }

  #leaveAlone(id: string, forMs: number): void {
    this.#leftAlone.set(id, this.#options.now() + forMs);
  }

  #issuerFor(names: readonly Hostname[]): Issuer | undefined {
    return this.#options.issuers.find((issuer) => issuer.issuesFor(names));
  }

  /** Makes one order of several that may share a certificate; the order itself where none may. */
  async #join(
    order: CertificateOrderRecord,
    due: readonly CertificateOrderRecord[],
    taken: Set<string>,
  ): Promise<CertificateOrderRecord> {
    const { namesPerCertificate, store } = this.#options;
    const room = namesPerCertificate - order.usedNames.length;
    if (room <= 0 || !isJoinable(order)) return order;
    const issuer = this.#issuerFor(order.usedNames);
    const domain = domainsOf(order.usedNames).join();
    const others = due
      .filter(
        (other) =>
          other.id !== order.id &&
          other.project === order.project &&
          isJoinable(other) &&
          !taken.has(other.id) &&
          !this.#running.has(other.id) &&
          domainsOf(other.usedNames).join() === domain &&
          this.#issuerFor(other.usedNames) === issuer,
      )
      .slice(0, room);
    if (others.length === 0) return order;
    for (const { id } of others) taken.add(id);
    return await store.joinOrders([order.id, ...others.map(({ id }) => id)]);
  }
}

/** One that waits for its first certificate and has not failed: a name that fails must not take others with it. */
function isJoinable({ state, certificate, orderUrl, usedNames }: CertificateOrderRecord): boolean {
  return state === 'pending' && certificate === null && orderUrl === null && usedNames.length === 1;
}

function domainsOf(names: readonly Hostname[]): string[] {
  return [...new Set(names.map(registeredDomainOf))];
}
