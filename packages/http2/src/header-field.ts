/**
 * One field of a message: its name in lower case, its value with one character per byte, and whether no table may ever hold it, which goes
 * on to whomever the field goes on to (RFC 7541 section 6.2.3).
 */
export type FieldPair = readonly [name: string, value: string, neverIndexed?: true];

/** What a field is to the rules of RFC 9113 section 8; `malformed` breaks the message that holds it. */
export type FieldKind =
  | 'regular'
  | 'malformed'
  | 'host'
  | 'content-length'
  | ':method'
  | ':scheme'
  | ':authority'
  | ':path'
  | ':status';

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Visible characters, spaces and tabs between them, and bytes beyond ASCII (RFC 9113 section 8.2.1, RFC 9110 section 5.5). */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
/** They speak of one connection, and HTTP/2 has none of them (RFC 9113 section 8.2.2). */
const OF_HTTP1 = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);
/** Without userinfo (RFC 9113 section 8.3.1). */
const AUTHORITY = /^[A-Za-z0-9!$%&'()*+,\-.:;=[\]_~]+$/;
const PSEUDO: ReadonlyMap<string, RegExp> = new Map([
  [':method', /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/],
  [':scheme', /^[A-Za-z][A-Za-z0-9+.-]*$/],
  [':authority', AUTHORITY],
  [':path', /^[\x21-\x7e\x80-\xff]+$/],
  [':status', /^[1-9][0-9]{2}$/],
]);
/** What an entry costs in a table and in the size of a list besides its characters (RFC 7541 section 4.1, RFC 9113 section 6.5.2). */
const ENTRY_BYTES = 32;

/** One field of a head; tables share it between all heads that refer to it, so that it is judged once. */
export class HeaderField {
  readonly name: string;
  /** One character per byte. */
  readonly value: string;
  /** As others take fields. */
  readonly pair: FieldPair;
  readonly bytes: number;
  #kind: FieldKind | null = null;

  constructor(name: string, value: string, neverIndexed = false) {
    this.name = name;
    this.value = value;
    this.pair = neverIndexed ? [name, value, true] : [name, value];
    this.bytes = ENTRY_BYTES + name.length + value.length;
  }

  /** Judged when somebody asks: nobody does in a block that is refused for its length, and there a long name can come again and again. */
  get kind(): FieldKind {
    this.#kind ??= kindOf(this.name, this.value);
    return this.#kind;
  }
}

function kindOf(name: string, value: string): FieldKind {
  if (name.startsWith(':')) {
    return PSEUDO.get(name)?.test(value) === true ? (name as FieldKind) : 'malformed';
  }
  if (!NAME.test(name) || !VALUE.test(value) || OF_HTTP1.has(name)) return 'malformed';
  if (name === 'te') return value.toLowerCase() === 'trailers' ? 'regular' : 'malformed';
  if (name === 'content-length') return /^\d{1,15}$/.test(value) ? 'content-length' : 'malformed';
  if (name === 'host') return AUTHORITY.test(value) ? 'host' : 'malformed';
  return 'regular';
}
