// Not imported: as an ES module node:http makes Node load its fetch as well, 70 ms of each start.
const { METHODS } = process.getBuiltinModule('node:http');

/** Those Node's HTTP/1.1 parser knows, on both protocols: HTTP/2 would let any word pass, and `trace` is TRACE to some. */
const SERVED_METHODS: ReadonlySet<string> = new Set(
  METHODS.filter((method) => method !== 'CONNECT' && method !== 'TRACE'),
);

/** True for a method that an edge forwards; all others are answered 501. */
export function isServedMethod(method: string): boolean {
  return SERVED_METHODS.has(method);
}
