import { LIMITS } from '@postern/contracts';
import type { ClientPage, RefusalPage, Store, Target } from '@postern/store';

/** Entries of the ledger that are read to find the clients that were refused. */
const REFUSALS_MAX = 20_000;

/** A client that a route has seen or refused. */
export interface SeenClient {
  /** Null: all that had no certificate. */
  readonly fingerprint: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
  /** Of what it presented; null: not kept; undefined: it presented nothing. */
  readonly chainHash: string | null | undefined;
  readonly hosts: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

/** Clients of a route, the latest first. `unknown`: entries that say of no client which one it was. */
interface SeenClients {
  readonly clients: readonly SeenClient[];
  readonly unknown: number;
  readonly more: boolean;
}

type Reader = Pick<Store, 'listClients' | 'listRefusals'>;

/** Gathers who was admitted or refused at a route since a time (milliseconds since 1970), each client once, at most `max`. */
export async function seenClients(
  store: Reader,
  { project, name: route }: Target,
  since: number,
  max: number,
): Promise<SeenClients> {
  const byKey = new Map<string, SeenClient>();
  const add = (client: SeenClient) => {
    const key = client.fingerprint ?? '';
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? client : merge(known, client));
  };
  let after: string | undefined;
  do {
    const page: ClientPage = await store.listClients(project, {
      route,
      since,
      limit: LIMITS.listLimitMax,
      after,
    });
    for (const { hosts, ...client } of page.items) {
      const here = hosts.filter((host) => host.route === route && host.lastAt >= since);
      const lastAt = Math.max(...here.map((host) => host.lastAt));
      add({ ...client, hosts: new Set(here.map(({ host }) => host)), lastAt });
    }
    after = page.next ?? undefined;
  } while (after !== undefined);

  let unknown = 0;
  let before: number | undefined;
  let read = 0;
  do {
    const page: RefusalPage = await store.listRefusals(project, {
      route,
      since,
      limit: LIMITS.listLimitMax,
      before,
    });
    for (const refusal of page.items) {
      const { fingerprint, subject, issuer, chainHash, reason, various, lastAt } = refusal;
      const isMissing = reason === 'certificate_missing';
      if (reason === 'misdirected_request') continue;
      if (various || (fingerprint === null && !isMissing)) unknown += 1;
      else {
        const hosts = new Set([refusal.host]);
        add({ fingerprint, subject, issuer, chainHash: isMissing ? undefined : chainHash, hosts, lastAt });
      }
    }
    read += page.items.length;
    before = page.next ?? undefined;
  } while (before !== undefined && read < REFUSALS_MAX);

  const clients = [...byKey.values()].toSorted((one, other) => other.lastAt - one.lastAt);
  return { clients: clients.slice(0, max), unknown, more: clients.length > max || before !== undefined };
}

/** One client in both: what it presented last counts, where that is kept. */
function merge(one: SeenClient, other: SeenClient): SeenClient {
  const [latest, earlier] = one.lastAt >= other.lastAt ? [one, other] : [other, one];
  return {
    ...latest,
    chainHash: latest.chainHash === null ? earlier.chainHash : latest.chainHash,
    hosts: new Set([...one.hosts, ...other.hosts]),
  };
}
