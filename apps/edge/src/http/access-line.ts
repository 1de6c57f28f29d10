import type { Connection } from '../connection.ts';

/** Names of a certificate that a line holds. */
const LOGGED_NAMES_MAX = 10;
/** What JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A client as the lines of its connection have it; made once, with the first line. */
export class LoggedClient {
  readonly #connection: Pick<Connection, 'clientAddress' | 'tlsVersion' | 'client'>;
  #members: string | null = null;

  constructor(connection: Pick<Connection, 'clientAddress' | 'tlsVersion' | 'client'>) {
    this.#connection = connection;
  }

  /** Members of a JSON object. */
  get members(): string {
    this.#members ??= this.#write();
    return this.#members;
  }

  #write(): string {
    const { clientAddress, tlsVersion, client } = this.#connection;
    const names =
      client === null
        ? null
        : [...client.names.commonNames, ...client.names.dnsNames].slice(0, LOGGED_NAMES_MAX);
    return (
      `"clientAddress":${json(clientAddress)},"tlsVersion":${json(tlsVersion)},` +
      `"clientFingerprint":${json(client?.fingerprint ?? null)},"clientNames":${JSON.stringify(names)}`
    );
  }
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
  durationMs: number;
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

/** What follows the milliseconds of most lines. */
const NO_PROBLEM = '"code":null,"reason":null,"refusal":null,"refusals":null';

/** An entry as a line of JSON with its line end: written by hand, since each request has one. */
export function accessLine(entry: AccessEntry): string {
  const { code, reason, refusal, refusals } = entry;
  const problem =
    code === null && reason === null && refusal === null && refusals === null
      ? NO_PROBLEM
      : `"code":${json(code)},"reason":${json(reason)},"refusal":${json(refusal)},"refusals":${refusals}`;
  return (
    `{"time":"${isoTime(entry.at)}","requestId":${json(entry.requestId)},"host":${json(entry.host)},` +
    `"route":${json(entry.route)},"rule":${json(entry.rule)},"service":${json(entry.service)},` +
    `"target":${json(entry.target)},"method":${json(entry.method)},"path":${json(entry.path)},` +
    `"status":${entry.status},"bytesIn":${entry.bytesIn},"bytesOut":${entry.bytesOut},` +
    `"durationMs":${entry.durationMs},"upstreamMs":${entry.upstreamMs},"protocol":"${entry.protocol}",` +
    `${entry.client.members},${problem},"aborted":${entry.aborted}}\n`
  );
}

function json(text: string | null): string {
  if (text === null) return 'null';
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

let lastAt = Number.NaN;
let lastTime = '';

/** Many requests begin in the same millisecond. */
function isoTime(at: number): string {
  if (at !== lastAt) {
    lastAt = at;
    lastTime = new Date(at).toISOString();
  }
  return lastTime;
}
