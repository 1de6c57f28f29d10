import type { Store } from '@postern/store';
import { registeredDomainOf } from '../registered-domain.ts';

/** A limit of a CA that is kept here, so that no order is spent on learning of it. */
export interface RateLimit {
  readonly count: number;
  readonly windowMs: number;
}

export interface RateLimits {
  /** New orders of our account; null: no limit is known. */
  readonly orders: RateLimit | null;
  /** New certificates of one registered domain; null: no limit is known. */
  readonly perDomain: RateLimit | null;
}

const HOUR_MS = 3_600_000;
const UNLIMITED: RateLimits = { orders: null, perDomain: null };

/** What public CAs allow, by the host of their directory. Every other one says by 429 and Retry-After. */
const KNOWN_LIMITS: Readonly<Record<string, RateLimits>> = {
  'acme-v02.api.letsencrypt.org': {
    orders: { count: 300, windowMs: 3 * HOUR_MS },
    perDomain: { count: 50, windowMs: 7 * 24 * HOUR_MS },
  },
};

/** What is known of the limits of the CA at this host. */
export function knownLimitsOf(host: string): RateLimits {
  return KNOWN_LIMITS[host] ?? UNLIMITED;
}

export interface Hold {
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly detail: string;
}

/** Keeps the limits of one CA, over restarts and several workers: what was ordered, and what it told us to wait for. */
export class RateBook {
  readonly #store: Store;
  readonly #url: string;
  readonly #limits: RateLimits;
  readonly #now: () => number;

  constructor(options: { store: Store; url: string; limits: RateLimits; now: () => number }) {
    this.#store = options.store;
    this.#url = options.url;
    this.#limits = options.limits;
    this.#now = options.now;
  }

  /** The hold or full window that stands against an order for these names, the latest; null: it may be placed. */
  async holdOf(names: readonly string[]): Promise<Hold | null> {
    const keys = this.#keysOf(names);
    const held = (await this.#store.listAcmeHolds(this.#now())).filter(({ key }) => keys.includes(key));
    const full = await Promise.all([
      this.#fullUntil(`orders ${this.#url}`, this.#limits.orders, 'orders of this account'),
      ...domainsOf(names).map((domain) =>
        this.#fullUntil(
          this.#domainKey(domain),
          this.#limits.perDomain,
          `certificates of the registered domain ${domain}`,
        ),
      ),
    ]);
    const holds = [...held, ...full.filter((hold) => hold !== null)];
    return holds.reduce<Hold | null>(
      (latest, hold) => (latest === null || hold.until > latest.until ? hold : latest),
      null,
    );
  }

  /** Notes that the CA has taken an order. One that replaces a certificate by ARI is outside the limits. */
  async noteOrder(names: readonly string[], isExempt: boolean): Promise<void> {
    if (isExempt) return;
    const keys = [
      ...(this.#limits.orders === null ? [] : [`orders ${this.#url}`]),
      ...(this.#limits.perDomain === null ? [] : domainsOf(names).map((domain) => this.#domainKey(domain))),
    ];
    for (const key of keys) await this.#store.noteAcmeUse(key);
  }

  /**
   * Notes that the CA wants nothing before `until`: for a name of the order where its words quote it, else for a registered
   * domain that they quote, else for everything.
   */
  async noteHold(names: readonly string[], hold: Hold): Promise<void> {
    const words = new Set(hold.detail.toLowerCase().match(/[a-z0-9*-]+(\.[a-z0-9-]+)+/g));
    const domains = domainsOf(names).filter((domain) => words.has(domain));
    const quoted = names.filter((name) => words.has(name) && !domains.includes(name));
    const keys =
      quoted.length > 0
        ? quoted.map((name) => this.#nameKey(name))
        : domains.length > 0
          ? domains.map((domain) => this.#domainKey(domain))
          : [`ca ${this.#url}`];
    for (const key of keys) await this.#store.holdAcme({ key, ...hold });
  }

  #keysOf(names: readonly string[]): string[] {
    return [
      `ca ${this.#url}`,
      ...domainsOf(names).map((domain) => this.#domainKey(domain)),
      ...names.map((name) => this.#nameKey(name)),
    ];
  }

  #nameKey(name: string): string {
    return `name ${this.#url} ${name}`;
  }

  #domainKey(domain: string): string {
    return `domain ${this.#url} ${domain}`;
  }

  async #fullUntil(key: string, limit: RateLimit | null, what: string): Promise<Hold | null> {
    if (limit === null) return null;
    const uses = await this.#store.acmeUses(key, this.#now() - limit.windowMs);
    const leaves = uses[uses.length - limit.count];
    if (leaves === undefined) return null;
    const hours = limit.windowMs / HOUR_MS;
    return {
      until: leaves + limit.windowMs,
      detail: `${limit.count} ${what} in ${hours} h are used up at ${new URL(this.#url).hostname}`,
    };
  }
}

function domainsOf(names: readonly string[]): string[] {
  return [...new Set(names.map(registeredDomainOf))];
}
