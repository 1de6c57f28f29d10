import { NOT_IN_TRAILERS } from '@postern/http1';
import type { FieldPair } from '@postern/http2';

/** One header or trailer field, spelt as it arrived; HTTP/2 may have marked it as never to be indexed. Order and repetition are kept: a list of fields is never an object. */
export type Field = FieldPair;

/** The fields of a head or a trailer section: from HTTP/1.1 they are bytes until somebody asks. */
export interface FieldList {
  /** All values of a field, in order; the name is given in lower case. */
  valuesOf(name: string): readonly string[];
  /** All fields as strings, in order. */
  toPairs(): readonly Field[];
}

const NO_VALUES: readonly string[] = [];

/** Fields that came as strings. */
export class ListedFields implements FieldList {
  readonly #pairs: readonly Field[];

  constructor(pairs: readonly Field[]) {
    this.#pairs = pairs;
  }

  valuesOf(name: string): readonly string[] {
    let values: string[] | null = null;
    for (const [key, value] of this.#pairs) {
      // The length first: it tells nearly all of them apart.
      if (key.length !== name.length || key.toLowerCase() !== name) continue;
      values ??= [];
      values.push(value);
    }
    return values ?? NO_VALUES;
  }

  toPairs(): readonly Field[] {
    return this.#pairs;
  }
}

/** The same fields with their names in lower case, as HTTP/2 has them. */
export function lowerCased(fields: readonly Field[]): Field[] {
  return fields.map((field) => {
    const name = field[0].toLowerCase();
    return name === field[0] ? field : [name, field[1]];
  });
}

/** The members of a comma-separated field over all its lines, trimmed and in lower case, without empty ones (RFC 9110 section 5.6.1). */
export function listOf(fields: FieldList, name: string): readonly string[] {
  const values = fields.valuesOf(name);
  if (values.length === 0) return NO_VALUES;
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

const isHopByHop = (name: string): boolean => HOP_BY_HOP.has(name);

/** Names that belong to one hop only: the fixed ones and those that Connection nominates. Lower case. */
export function hopByHopNames(fields: readonly Field[]): (name: string) => boolean {
  const listed = listOf(new ListedFields(fields), 'connection');
  if (listed.length === 0) return isHopByHop;
  const nominated = new Set(listed);
  return (name) => HOP_BY_HOP.has(name) || nominated.has(name);
}

const NO_PLACE_IN_TRAILERS: ReadonlySet<string> = new Set(NOT_IN_TRAILERS);

/** Keeps of a trailer section what a proxy may pass on. `nominated`: the names for one hop, by Connection in the head; lower case. */
export function passableTrailers(fields: readonly Field[], nominated: readonly string[]): Field[] {
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    return !HOP_BY_HOP.has(lower) && !NO_PLACE_IN_TRAILERS.has(lower) && !nominated.includes(lower);
  });
}
