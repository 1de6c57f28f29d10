import { LIMITS, PosternError } from '@postern/contracts';

const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
const ESCAPE = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;

/**
 * Parses JSON (RFC 8259) that holds no key twice, no `__proto__`, no key longer than LIMITS.documentKeyCharsMax and no
 * nesting deeper than LIMITS.documentDepthMax.
 *
 * The text is checked iteratively before JSON.parse sees it, so that depth costs no stack. Failures are
 * `malformed_body` with line and column; the text itself is never repeated, for it may hold a secret.
 */
export function parseStrictJson(text: string): unknown {
  /** What is still open: an object with the keys seen so far, or an array (null). */
  const stack: (Set<string> | null)[] = [];
  let at = 0;

  const fail = (message: string, position = at): never => {
    const before = text.slice(0, position);
    const line = before.split('\n').length;
    const column = position - before.lastIndexOf('\n');
    throw new PosternError('malformed_body', { detail: `line ${line}, column ${column}: ${message}` });
  };
  const skipSpace = () => {
    while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at += 1;
  };
  const readString = (): string => {
    const start = at;
    for (at += 1; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === 0x22) {
        at += 1;
        return JSON.parse(text.slice(start, at)) as string;
      }
      if (code < 0x20) fail('a string holds no raw control character');
      if (code === 0x5c) {
        ESCAPE.lastIndex = at + 1;
        if (!ESCAPE.test(text)) fail('this is not an escape of JSON');
        at = ESCAPE.lastIndex - 1;
      }
    }
    return fail('the string does not end', start);
  };
  const readKey = (keys: Set<string>) => {
    const start = at;
    if (text.charAt(at) !== '"') fail('expected a key in double quotes');
    const key = readString();
    if (key.length > LIMITS.documentKeyCharsMax)
      fail(`a key has at most ${LIMITS.documentKeyCharsMax} characters`, start);
    if (keys.has(key)) fail('this key is there twice', start);
    // An own `__proto__` survives JSON.parse and would become the prototype in the next careless merge.
    if (key === '__proto__') fail('"__proto__" is not a key', start);
    keys.add(key);
    skipSpace();
    if (text.charAt(at) !== ':') fail('expected ":"');
    at += 1;
  };
  /** Reads up to the end of one value, or opens a container; true when a value has ended. */
  const readValue = (): boolean => {
    skipSpace();
    const char = text.charAt(at);
    if (char === '{' || char === '[') {
      if (stack.length >= LIMITS.documentDepthMax) fail(`nested deeper than ${LIMITS.documentDepthMax}`);
      stack.push(char === '{' ? new Set() : null);
      at += 1;
      skipSpace();
      return closeIfDue();
    }
    if (char === '"') {
      readString();
      return true;
    }
    SCALAR.lastIndex = at;
    if (!SCALAR.test(text)) fail(at >= text.length ? 'the JSON ends too early' : 'expected a value');
    at = SCALAR.lastIndex;
    return true;
  };
  const closeIfDue = (): boolean => {
    const open = stack.at(-1);
    if (open === undefined || text.charAt(at) !== (open === null ? ']' : '}')) return false;
    stack.pop();
    at += 1;
    return true;
  };

  skipSpace();
  if (at >= text.length) fail('a JSON body is needed');
  let ended = readValue();
  while (stack.length > 0) {
    const open = stack.at(-1);
    if (open === undefined) break;
    if (ended) {
      skipSpace();
      if (closeIfDue()) continue;
      if (text.charAt(at) !== ',')
        fail(at >= text.length ? 'the JSON ends too early' : 'expected "," or an end');
      at += 1;
      skipSpace();
    }
    if (open !== null) readKey(open);
    ended = readValue();
  }
  skipSpace();
  if (at < text.length) fail('there is something after the JSON');
  return JSON.parse(text);
}
