import type { Hostname } from '@postern/contracts';
import type { CertificateOrderRecord } from '@postern/store';
import { type AttemptOptions, attemptOrder } from './attempt-order.ts';
import type { Issuer } from './issuer.ts';
import { registeredDomainOf } from './registered-domain.ts';

/** Orders under way at once: of all, and of one registered domain, so that one with very many holds up no other. */
const AT_ONCE = 12;
const AT_ONCE_PER_DOMAIN = 8;
/** Orders looked at to find some that may begin. */
const LOOKED_AT = 3000;
/** Between readings of the list while orders that are due have to wait: milliseconds, or as often as it took to read it. */
const LIST_EVERY = { ms: 500, times: 20 };
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
  /** Those that had to wait when the list was read; each is read again when its turn comes. */
  #due: readonly CertificateOrderRecord[] = [];
  #listAgainAt = Number.NEGATIVE_INFINITY;

  constructor(options: OrderQueueOptions) {
    this.#options = options;
  }

  /** Begins as many of the due orders as may be; true when some that are due have to wait for others. */
  async begin(): Promise<boolean> {
    const at = this.#options.now();
    if (this.#running.size >= AT_ONCE) return true;
    for (const [id, until] of this.#leftAlone) if (until <= at) this.#leftAlone.delete(id);
    const due = await this.#list();
    const taken = new Set<string>();
    for (const order of due) {
      if (this.#running.size >= AT_ONCE) break;
      if (taken.has(order.id) || !this.#mayBegin(order)) continue;
      const joined = await this.#join(order, due, taken);
      taken.add(order.id);
      this.#start(joined);
    }
    this.#due = due.filter(({ id }) => !taken.has(id));
    return this.#due.length > 0;
  }

  /** Lets orders under way come to a place where another process can go on. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  /** The list as it is, or as it was a moment ago: a long one must not be read for every order that ends. */
  async #list(): Promise<readonly CertificateOrderRecord[]> {
    const { store, now } = this.#options;
    const begunAt = performance.now();
    if (this.#due.length > 0 && begunAt < this.#listAgainAt) return this.#due;
    const due = await store.listDueOrders(now(), LOOKED_AT);
    const listedAt = performance.now();
    this.#listAgainAt = listedAt + Math.max(LIST_EVERY.ms, LIST_EVERY.times * (listedAt - begunAt));
    return due.filter(({ id }) => !this.#running.has(id));
  }

  #mayBegin(order: CertificateOrderRecord): boolean {
    if (this.#stop.signal.aborted || this.#running.has(order.id) || this.#leftAlone.has(order.id))
      return false;
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
