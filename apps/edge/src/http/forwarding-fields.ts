import {
  createFieldFilter,
  type FieldFilter,
  type FieldLines,
  fieldId,
  fieldLines,
  type RequestHead,
  writeRequestHead,
} from '@postern/http1';
import type { Connection } from '../connection.ts';
import type { UpstreamRequest } from '../upstream/attempt.ts';
import {
  type Field,
  type FieldList,
  hopByHopNames,
  listOf,
  lowerCased,
  passableTrailers,
} from '../upstream/fields.ts';
import { saysEmpty } from '../upstream/h1-own-head.ts';

/**
 * Names by which upstreams believe who the client is, and what it asked for: some frameworks take the path of the last two for that of the
 * request, which another rule may protect. Only the edge may say them. In lower case, with "-" for all but letters and digits.
 */
const IDENTITY_NAMES = [
  ...['client-cert', 'client-cert-chain', 'forwarded', 'x-real-ip', 'true-client-ip'],
  ...['x-clientcert', 'x-arr-clientcert', 'x-original-url', 'x-rewrite-url'],
];
const IDENTITY_PREFIXES = ['x-forwarded', 'x-ssl', 'x-client', 'ssl-client', 'x-tls-client', 'x-amzn-mtls'];

/**
 * Whether a field claims an identity. Every character but letters and digits counts as "-", because CGI-like servers
 * hand `X.Forwarded_For` and `X-Forwarded-For` to programs under one name.
 */
export function claimsIdentity(name: string): boolean {
  let claims = knownNames.get(name);
  if (claims !== undefined) return claims;
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '-');
  claims =
    IDENTITY_NAMES.includes(plain) ||
    IDENTITY_PREFIXES.some((prefix) => plain === prefix || plain.startsWith(`${prefix}-`));
  if (knownNames.size >= KNOWN_NAMES_MAX) knownNames.clear();
  knownNames.set(name, claims);
  return claims;
}

/** Names come again and again; clients may make up others. */
const knownNames = new Map<string, boolean>();
const KNOWN_NAMES_MAX = 1_000;

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
 * The end-to-end fields of a client that go to an upstream: less hop-by-hop ones (RFC 9110 section 7.6.1), identity claims and names
 * with an underscore. Ours (`AddedLines`) are added after all removal, so that no Connection option of the client can take them away.
 */
export function keptFields(fields: readonly Field[], options: ForwardingOptions): Field[] {
  const hop = hopByHopNames(fields);
  const kept: Field[] = [];
  let cookies: string | null = null;
  for (const field of fields) {
    const name = field[0].toLowerCase();
    if (hop(name) || claimsIdentity(name) || name.includes('_')) continue;
    if (name === 'host' || name === 'content-length' || name === 'expect') continue;
    if (name === 'authorization' && options.dropAuthorization) continue;
    // HTTP/2 clients may split cookies; HTTP/1.1 servers expect one field (RFC 9113 section 8.2.3).
    if (name === 'cookie') cookies = cookies === null ? field[1] : `${cookies}; ${field[1]}`;
    else kept.push(field);
  }
  if (cookies !== null) kept.push(['Cookie', cookies]);
  return kept;
}

function fieldsOfConnection({ connection, authority, publicHttpsPort }: ForwardingOptions): Field[] {
  return [
    ['X-Forwarded-For', connection.clientAddress],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Host', authority],
    ['X-Forwarded-Port', String(publicHttpsPort)],
  ];
}

/** Trailers of a request that may go on: passable ones that claim no identity, and that Connection in the head does not nominate. */
export function forwardedTrailers(fields: readonly Field[], head: FieldList): readonly Field[] {
  if (fields.length === 0) return fields;
  return passableTrailers(fields, listOf(head, 'connection')).filter(
    ([name]) => !claimsIdentity(name) && !name.includes('_'),
  );
}

/** Whether the client takes trailers: the one TE member that may go on, for gRPC (RFC 9113 section 8.2.2). */
export function takesTrailers(fields: FieldList): boolean {
  const values = fields.valuesOf('te');
  // What gRPC clients say.
  if (values.length === 1 && values[0] === 'trailers') return true;
  return (
    values.length > 0 && listOf(fields, 'te').some((member) => member.split(';')[0]?.trim() === 'trailers')
  );
}

const COOKIE = fieldId('cookie');
const CLAIMS = {
  aliasedNames: IDENTITY_NAMES,
  aliasedPrefixes: IDENTITY_PREFIXES,
  dropUnderscored: true,
} as const;
/** By whether Authorization stays behind, and whether Cookie is written anew. */
const filters: Readonly<Record<'plain' | 'authorized', Readonly<Record<'one' | 'several', FieldFilter>>>> = {
  plain: {
    one: createFieldFilter({ ...CLAIMS, names: ['expect'] }),
    several: createFieldFilter({ ...CLAIMS, names: ['expect', 'cookie'] }),
  },
  authorized: {
    one: createFieldFilter({ ...CLAIMS, names: ['expect', 'authorization'] }),
    several: createFieldFilter({ ...CLAIMS, names: ['expect', 'authorization', 'cookie'] }),
  },
};
const EXPECT = fieldLines([['Expect', '100-continue']]);
const EMPTY = fieldLines([['Content-Length', '0']]);
const WEBSOCKET = fieldLines([
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
]);

/** A client comes again on other connections; its lines are the longest. */
const identityLines = new WeakMap<readonly Field[], FieldLines>();

function linesOfIdentity(identity: readonly Field[]): FieldLines {
  const known = identityLines.get(identity);
  if (known !== undefined) return known;
  const lines = fieldLines(identity);
  identityLines.set(identity, lines);
  return lines;
}

/**
 * What the edge adds to the requests of one connection, X-Forwarded-* and, of an admitted client, its identity in the route's form: all of
 * them mostly say the same.
 */
export class AddedLines {
  #authority = '';
  #ofConnection: FieldLines | null = null;
  #identity: readonly Field[] | null = null;
  #ofIdentity: FieldLines | null = null;
  /** Both as HTTP/2 has them. */
  #pairs: readonly Field[] | null = null;

  /** The lines of the connection and of the identity, in a list to which lines can be added. */
  linesOf(options: ForwardingOptions): FieldLines[] {
    this.#follow(options);
    this.#ofConnection ??= fieldLines(fieldsOfConnection(options));
    this.#ofIdentity ??= linesOfIdentity(options.identity);
    return [this.#ofConnection, this.#ofIdentity];
  }

  /** The same as pairs, with names in lower case. */
  pairsOf(options: ForwardingOptions): readonly Field[] {
    this.#follow(options);
    this.#pairs ??= lowerCased([...fieldsOfConnection(options), ...options.identity]);
    return this.#pairs;
  }

  /** Forgets what other requests of the connection were given and this one is not. */
  #follow({ authority, identity }: ForwardingOptions): void {
    if (authority !== this.#authority) {
      this.#authority = authority;
      this.#ofConnection = null;
      this.#pairs = null;
    }
    if (identity !== this.#identity) {
      this.#identity = identity;
      this.#ofIdentity = null;
      this.#pairs = null;
    }
  }
}

/** The whole head as it goes to an HTTP/1.1 upstream, from one that came as HTTP/1.1: what `keptFields` keeps, and `added`, which is of its connection. */
export function writeForwardedHead(
  head: RequestHead,
  hostLine: FieldLines | null,
  request: ForwardingOptions & Pick<UpstreamRequest, 'expectContinue' | 'websocket'>,
  added: AddedLines,
): Buffer {
  const { fields } = head;
  const lines = added.linesOf(request);
  const cookie = fields.find(COOKIE);
  const hasCookies = cookie !== -1 && fields.find(COOKIE, cookie + 1) !== -1;
  // A nominated Cookie is of one hop, like any other field.
  if (hasCookies && !head.options.nominates(fields, cookie))
    lines.push(fieldLines([['Cookie', fields.valuesOf('cookie').join('; ')]]));
  if (request.websocket) lines.push(WEBSOCKET);
  if (request.expectContinue) lines.push(EXPECT);
  if (head.bodyKind === 'none' && head.contentLength === -1 && saysEmpty(head.method)) lines.push(EMPTY);
  const filter = filters[request.dropAuthorization ? 'authorized' : 'plain'][hasCookies ? 'several' : 'one'];
  return writeRequestHead(head, { filter, hostLine, lines });
}
