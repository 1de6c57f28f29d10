// Not imported: decision 0026.
const { METHODS } = process.getBuiltinModule('node:http');

/** Those Node's HTTP/1.1 parser knows, on both protocols: HTTP/2 would let any word pass, and `trace` is TRACE to some. */
const SERVED_METHODS: ReadonlySet<string> = new Set(
  METHODS.filter((method) => method !== 'CONNECT' && method !== 'TRACE'),
);

/** True for a method that an edge forwards; all others are answered 501. */
export function isServedMethod(method: string): boolean {
  // What most requests are, without a look into the set.
  return method === 'GET' || SERVED_METHODS.has(method);
}
