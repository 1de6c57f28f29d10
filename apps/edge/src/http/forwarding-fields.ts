import type { Connection } from '../connection.ts';
import { type Field, hopByHopNames, listOf, passableTrailers, valuesOf } from '../upstream/fields.ts';

/** Names by which upstreams believe who the client is; only the edge may say them. Spelt as `plainName` gives them. */
const IDENTITY_NAMES = new Set([
  'client-cert',
  'client-cert-chain',
  'forwarded',
  'x-real-ip',
  'true-client-ip',
]);
const IDENTITY_PREFIXES = ['x-forwarded', 'x-ssl', 'x-client', 'ssl-client', 'x-tls-client'];

/**
 * Whether a field claims an identity. Every character but letters and digits counts as "-", because CGI-like servers
 * hand `X.Forwarded_For` and `X-Forwarded-For` to programs under one name.
 */
export function claimsIdentity(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '-');
  return (
    IDENTITY_NAMES.has(plain) ||
    IDENTITY_PREFIXES.some((prefix) => plain === prefix || plain.startsWith(`${prefix}-`))
  );
}

export interface ForwardingOptions {
  readonly connection: Connection;
  /** Host as the client wrote it. */
  readonly authority: string;
  readonly publicHttpsPort: number;
  /** What the service is told of the client. */
  readonly identity: readonly Field[];
  /** Leave Authorization out: the edge has used it up. */
  readonly dropAuthorization: boolean;
}

/**
 * The end-to-end fields that go to an upstream: the client's, less hop-by-hop ones (RFC 9110 section 7.6.1), identity
 * claims and names with an underscore, plus X-Forwarded-* and, of an admitted client, its identity in the route's form.
 *
 * Ours are added after all removal, so that no Connection option of the client can take them away.
 */
export function forwardedFields(fields: readonly Field[], options: ForwardingOptions): Field[] {
  const hop = hopByHopNames(fields);
  const kept: Field[] = [];
  for (const field of fields) {
    const name = field[0].toLowerCase();
    if (hop(name) || claimsIdentity(name) || name.includes('_')) continue;
    if (name === 'host' || name === 'content-length' || name === 'expect' || name === 'cookie') continue;
    if (name === 'authorization' && options.dropAuthorization) continue;
    kept.push(field);
  }
  // HTTP/2 clients may split cookies; HTTP/1.1 servers expect one field (RFC 9113 section 8.2.3).
  const cookies = hop('cookie') ? [] : valuesOf(fields, 'cookie');
  if (cookies.length > 0) kept.push(['Cookie', cookies.join('; ')]);
  const { connection } = options;
  kept.push(
    ['X-Forwarded-For', connection.clientAddress],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Host', options.authority],
    ['X-Forwarded-Port', String(options.publicHttpsPort)],
  );
  kept.push(...options.identity);
  return kept;
}

/** Trailers of a request that may go on: passable ones that claim no identity. */
export function forwardedTrailers(fields: readonly Field[]): Field[] {
  return passableTrailers(fields).filter(([name]) => !claimsIdentity(name) && !name.includes('_'));
}

/** Whether the client takes trailers: the one TE member that may go on, for gRPC (RFC 9113 section 8.2.2). */
export function takesTrailers(fields: readonly Field[]): boolean {
  return listOf(fields, 'te').some((member) => member.split(';')[0]?.trim() === 'trailers');
}
