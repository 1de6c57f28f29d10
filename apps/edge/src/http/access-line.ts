import type { Connection } from '../connection.ts';

/** Names of a certificate that a line holds. */
const LOGGED_NAMES_MAX = 10;
/** What JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** What the lines of one connection have in common, as JSON: made with the first line, and anew where a request differs from the one before. */
export class LoggedClient {
  readonly #connection: Pick<Connection, 'clientAddress' | 'tlsVersion' | 'client'>;
  #place: Place | null = null;
  #placeText = '';
  #members: string | null = null;
  #protocol: string | null = null;
  #wholeEnd = '';

  constructor(connection: Pick<Connection, 'clientAddress' | 'tlsVersion' | 'client'>) {
    this.#connection = connection;
  }

  /** Members from the host to the method. */
  placeOf({ host, route, rule, service, target, method }: Place): string {
    const last = this.#place;
    if (
      last === null ||
      last.host !== host ||
      last.route !== route ||
      last.rule !== rule ||
      last.service !== service ||
      last.target !== target ||
      last.method !== method
    ) {
      this.#place = { host, route, rule, service, target, method };
      this.#placeText = membersOf(this.#place);
    }
    return this.#placeText;
  }

  /** What follows the milliseconds: members of protocol and client, of what went wrong, and the end of the line. */
  endOf({ protocol, code, reason, refusal, refusals, aborted }: Ending): string {
    const isWhole = code === null && reason === null && refusal === null && refusals === null && !aborted;
    if (isWhole && this.#protocol === protocol) return this.#wholeEnd;
    this.#members ??= this.#write();
    const problem = membersOf({ code, reason, refusal, refusals, aborted });
    const end = `"protocol":"${protocol}",${this.#members},${problem}}\n`;
    if (isWhole) {
      this.#protocol = protocol;
      this.#wholeEnd = end;
    }
    return end;
  }

  #write(): string {
    const { clientAddress, tlsVersion, client } = this.#connection;
    const clientNames =
      client === null
        ? null
        : [...client.names.commonNames, ...client.names.dnsNames].slice(0, LOGGED_NAMES_MAX);
    return membersOf({
      clientAddress,
      tlsVersion,
      clientFingerprint: client?.fingerprint ?? null,
      clientNames,
    });
  }
}

/** Where a request went. */
type Place = Pick<AccessEntry, 'host' | 'route' | 'rule' | 'service' | 'target' | 'method'>;
/** How it came and ended. */
type Ending = Pick<AccessEntry, 'protocol' | 'code' | 'reason' | 'refusal' | 'refusals' | 'aborted'>;

/** An object as JSON without its braces. */
function membersOf(object: object): string {
  return JSON.stringify(object).slice(1, -1);
}

/** What one request was and how it ended. */
export interface AccessEntry {
  /** When the request began, in milliseconds since 1970. */
  readonly at: number;
  readonly requestId: string;
  host: string;
  route: string | null;
  rule: string | null;
  service: string | null;
  /** The target that took the request. */
  target: string | null;
  readonly method: string;
  /** Without the query, which may hold secrets; cut at 1,024 characters. */
  readonly path: string;
  /** 0: the connection was ended without an answer. */
  status: number;
  bytesIn: number;
  bytesOut: number;
  readonly durationMs: number;
  /** From the beginning of the request to the response head; null when no upstream was asked. */
  upstreamMs: number | null;
  readonly protocol: string;
  /**
   * Address, TLS version, and of an admitted or refused client certificate the fingerprint and at most ten of its common names and DNS
   * names.
   */
  readonly client: LoggedClient;
  /** Problem code of an answer made by the edge, and the reason word of a refusal. */
  code: string | null;
  reason: string | null;
  /** Id of the entry in the refusal ledger. */
  refusal: string | null;
  /** The place of this request among the refusals of that entry: of many only the first ten and each thousandth have a line. */
  refusals: number | null;
  /** The answer broke off: by the client, the upstream, or a policy change. */
  aborted: boolean;
}

/** An entry as a line of JSON with its line end: put together from texts that are there, since each request has one. */
export function accessLine(entry: AccessEntry): string {
  const { client } = entry;
  return (
    `${beginningAt(entry.at)}${entry.requestId}",${client.placeOf(entry)},"path":${quoted(entry.path)},` +
    `"status":${entry.status},"bytesIn":${entry.bytesIn},"bytesOut":${entry.bytesOut},` +
    `"durationMs":${entry.durationMs},"upstreamMs":${entry.upstreamMs},${client.endOf(entry)}`
  );
}

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

let lastAt = Number.NaN;
let lastBeginning = '';

/** The line up to the request's id, which is plain; many requests begin in the same millisecond. */
function beginningAt(at: number): string {
  if (at !== lastAt) {
    lastAt = at;
    lastBeginning = `{"time":"${new Date(at).toISOString()}","requestId":"`;
  }
  return lastBeginning;
}
