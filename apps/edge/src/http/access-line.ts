import type { Connection } from '../connection.ts';
import type { AccessEntry } from './access-log.ts';

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
