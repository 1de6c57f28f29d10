/** One header or trailer field, spelt as it arrived. Order and repetition are kept: a list of fields is never an object. */
export type Field = readonly [name: string, value: string];

/** The fields of a head or a trailer section: from HTTP/1.1 they are bytes until somebody asks. */
export interface FieldList {
  /** All values of a field, in order; the name is given in lower case. */
  valuesOf(name: string): readonly string[];
  /** All fields as strings, in order. */
  toPairs(): readonly Field[];
}

/** Fields that came as strings. */
export class ListedFields implements FieldList {
  readonly #pairs: readonly Field[];

  constructor(pairs: readonly Field[]) {
    this.#pairs = pairs;
  }

  valuesOf(name: string): string[] {
    return this.#pairs.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  }

  toPairs(): readonly Field[] {
    return this.#pairs;
  }
}

/** Pairs up Node's flat raw lists; pseudo-header fields of HTTP/2 are left out. */
export function fieldsOfRaw(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (!name.startsWith(':')) fields.push([name, raw[index + 1] ?? '']);
  }
  return fields;
}

/** The members of a comma-separated field over all its lines, trimmed and in lower case, without empty ones (RFC 9110 section 5.6.1). */
export function listOf(fields: FieldList, name: string): string[] {
  const values = fields.valuesOf(name);
  if (values.length === 0) return [];
  return values
    .flatMap((value) => value.split(','))
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
}

/** RFC 9110 section 7.6.1, and the two HTTP/1 framing fields, which every hop writes for itself. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Names that belong to one hop only: the fixed ones and those that Connection nominates. Lower case. */
export function hopByHopNames(fields: readonly Field[]): (name: string) => boolean {
  const nominated = new Set(listOf(new ListedFields(fields), 'connection'));
  return (name) => HOP_BY_HOP.has(name) || nominated.has(name);
}

/** Fields that frame, route, authenticate or describe content, and so must not come in a trailer (RFC 9110 section 6.5.1). */
const NOT_IN_TRAILERS = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'host',
  'max-forwards',
  'pragma',
  'range',
  'set-cookie',
  'www-authenticate',
]);

/** Keeps of a trailer section what a proxy may pass on. */
export function passableTrailers(fields: readonly Field[]): Field[] {
  const hop = hopByHopNames(fields);
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    return !hop(lower) && !NOT_IN_TRAILERS.has(lower);
  });
}
