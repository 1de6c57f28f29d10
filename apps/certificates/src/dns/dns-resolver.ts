import { getServers } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Milliseconds that one server has for an answer, each time it is asked, and how often it is asked. */
const SERVER_MS = 3000;
const SERVER_TRIES = 2;

export type DnsType = 'A' | 'AAAA' | 'CNAME' | 'TXT' | 'CAA' | 'NS';

/** One CAA record (RFC 8659 section 4.1). `isCritical`: a CA that does not know the tag must not issue. */
export interface CaaRecord {
  readonly tag: string;
  readonly value: string;
  readonly isCritical: boolean;
}

interface Answers {
  A: string[];
  AAAA: string[];
  CNAME: string[];
  /** The strings of each record joined. */
  TXT: string[];
  CAA: CaaRecord[];
  NS: string[];
}

/** A question that no server answered: which name and type, and what each server said. */
export class DnsFailure extends Error {
  override readonly name = 'DnsFailure';
  readonly host: string;
  readonly type: DnsType;
  /** `HOST:PORT` of a server and its answer, like `SERVFAIL`. */
  readonly answers: readonly { readonly server: string; readonly code: string }[];

  constructor(host: string, type: DnsType, answers: readonly { server: string; code: string }[]) {
    const said = answers.map(({ server, code }) => `${code} from ${server}`).join(', ');
    super(`DNS: no answer to ${type} of ${host}: ${said || 'there is no server to ask'}`);
    this.host = host;
    this.type = type;
    this.answers = answers;
  }
}

/** What DNS says of a name; `exists` is false for NXDOMAIN, by `server`. */
export interface DnsAnswer<T extends DnsType> {
  readonly records: Answers[T];
  readonly exists: boolean;
  readonly server: string;
}

export interface DnsResolver {
  /** `HOST:PORT`, in the order in which they are asked. */
  readonly servers: readonly string[];
  /** Asks one server after the other until one knows; a name without such records is an answer. Fails with DnsFailure. */
  lookUp<T extends DnsType>(host: string, type: T): Promise<DnsAnswer<T>>;
}

/** Resolver over the given servers (`HOST:PORT` or `HOST`); empty: those of the system. Nothing is kept between calls. */
export function createDnsResolver(servers: readonly string[] = []): DnsResolver {
  const ends = (servers.length > 0 ? servers : getServers()).map((server) => {
    const resolver = new Resolver({ timeout: SERVER_MS, tries: SERVER_TRIES });
    resolver.setServers([server]);
    return { server: withPort(server), resolver };
  });
  return {
    servers: ends.map(({ server }) => server),
    async lookUp(host, type) {
      const failures: { server: string; code: string }[] = [];
      for (const { server, resolver } of ends) {
        try {
          return { records: await ask(resolver, host, type), exists: true, server };
        } catch (error) {
          const code = (error as NodeJS.ErrnoException).code ?? 'error';
          if (code === 'ENODATA' || code === 'ENOTFOUND')
            return {
              records: [] as Answers[DnsType] as Answers[typeof type],
              exists: code === 'ENODATA',
              server,
            };
          failures.push({ server, code: RCODES[code] ?? code });
        }
      }
      throw new DnsFailure(host, type, failures);
    },
  };
}

async function ask<T extends DnsType>(resolver: Resolver, host: string, type: T): Promise<Answers[T]> {
  const asked: { [K in DnsType]: () => Promise<Answers[K]> } = {
    A: () => resolver.resolve4(host),
    AAAA: () => resolver.resolve6(host),
    CNAME: () => resolver.resolveCname(host),
    TXT: async () => (await resolver.resolveTxt(host)).map((parts) => parts.join('')),
    CAA: async () => (await resolver.resolveCaa(host)).map(readCaa),
    NS: () => resolver.resolveNs(host),
  };
  return await asked[type]();
}

/** Node gives a record as `{critical, TAG: value}`. */
function readCaa(record: object): CaaRecord {
  const [tag = '', value = ''] =
    Object.entries(record).find(([key]) => key !== 'critical' && key !== 'type') ?? [];
  const flags = Number((record as { critical?: unknown }).critical ?? 0);
  return { tag: tag.toLowerCase(), value: String(value), isCritical: (flags & 0x80) !== 0 };
}

const RCODES: Readonly<Record<string, string>> = {
  ESERVFAIL: 'SERVFAIL',
  EREFUSED: 'REFUSED',
  EFORMERR: 'FORMERR',
  ENOTIMP: 'NOTIMP',
  ETIMEOUT: 'no answer in time',
  ECONNREFUSED: 'connection refused',
  EBADRESP: 'an unreadable answer',
};

function withPort(server: string): string {
  if (isIP(server) === 6) return `[${server}]:53`;
  return /:\d+$/.test(server) ? server : `${server}:53`;
}
