import { type CompiledRule, PosternError } from '@postern/contracts/plain';

/** Rounds of percent-decoding looked at: what needs more was written to deceive. */
const DECODE_ROUNDS_MAX = 3;

/** Chooses the rule of a request target, or refuses a target that could be read as another rule's. */
export interface RuleTable<R extends Pick<CompiledRule, 'prefix'> = CompiledRule> {
  /** `rule` null: none matches. Throws `bad_request_target`. `path` is without query, byte for byte as sent. */
  find(target: string): { readonly path: string; readonly rule: R | null };
}

const SLASH = 0x2f;
const DOT = 0x2e;
/** What a segment of a plain path may hold, besides dots behind its beginning; by character code. */
const PLAIN_CODES = Uint8Array.from({ length: 0x80 }, (_, code) =>
  /[\w!$&'()*+,:=@~-]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/**
 * True for a path without a query that nobody reads in two ways: segments that are not empty, do not begin with a dot and hold no `%` and no
 * `;`. Each request is asked, and a regular expression costs a short path several times as much.
 */
function isPlainPath(target: string): boolean {
  if (target.charCodeAt(0) !== SLASH) return false;
  let beginsSegment = true;
  for (let at = 1; at < target.length; at += 1) {
    const code = target.charCodeAt(at);
    if (code === SLASH || code === DOT) {
      if (beginsSegment) return false;
      beginsSegment = code === SLASH;
    } else {
      if (code >= PLAIN_CODES.length || PLAIN_CODES[code] === 0) return false;
      beginsSegment = false;
    }
  }
  return true;
}

/** One way in which a server behind the edge may read a path. */
interface Reading {
  readonly rounds: number;
  readonly merge: boolean;
  readonly dropParameters: boolean;
}

const READINGS: readonly Reading[] = Array.from(
  { length: DECODE_ROUNDS_MAX + 1 },
  (_, rounds) => rounds,
).flatMap((rounds) =>
  [false, true].flatMap((merge) =>
    [false, true].map((dropParameters) => ({ rounds, merge, dropParameters })),
  ),
);

/**
 * Prepares the rules of one host. Prefixes are literal and case-sensitive, the longest wins.
 *
 * A target is refused for dot segments (also escaped, doubly escaped, with backslashes or path parameters), for a backslash,
 * NUL, `#`, an unfinished escape or anything but visible ASCII. `//`, `%2f`, `;` and escapes are refused only where one of
 * the READINGS (decode, merge slashes, drop `;parameters`) would choose another rule, so that no spelling reaches a path of one
 * rule's upstream through another; all others go on byte for byte.
 */
export function createRuleTable<R extends Pick<CompiledRule, 'prefix'>>(rules: readonly R[]): RuleTable<R> {
  const ordered = [...rules].sort((a, b) => b.prefix.length - a.prefix.length);
  const plainPrefixes = !ordered.some(({ prefix }) => /[%;]/.test(prefix));
  const tables = new Map<Reading, { prefix: string; rule: R }[]>();
  const tableOf = (reading: Reading): { prefix: string; rule: R }[] => {
    let table = tables.get(reading);
    if (table === undefined) {
      table = ordered
        .map((rule) => ({ prefix: read(rule.prefix, reading), rule }))
        .sort((a, b) => b.prefix.length - a.prefix.length);
      tables.set(reading, table);
    }
    return table;
  };
  const longestOf = (path: string): R | null => {
    for (const rule of ordered) if (path.startsWith(rule.prefix)) return rule;
    return null;
  };
  return {
    find(target) {
      // What nearly all targets are, in one look.
      if (plainPrefixes && isPlainPath(target)) return { path: target, rule: longestOf(target) };
      if (/[^\u0021-\u007e]/.test(target))
        throw refused('it holds a space, a control character or a byte above 7F');
      if (target.includes('#')) throw refused('it holds "#"');
      const query = target.indexOf('?');
      const path = query === -1 ? target : target.slice(0, query);
      if (!path.startsWith('/')) throw refused('its path does not begin with "/"');
      if (path.includes('\\')) throw refused('its path holds a backslash');
      const rule = longestOf(path);
      if (hasDotSegment(path)) throw refused('its path holds a "." or ".." segment');
      if (plainPrefixes && !/[%;]|\/\//.test(path)) return { path, rule };
      if (/%(?![0-9a-f]{2})/i.test(path)) throw refused('a "%" in its path does not begin an escape');
      const decoded = decodeAll(path);
      if (decoded.some((text) => text.includes('\0'))) throw refused('its path holds a NUL');
      if (decoded.some(hasDotSegment)) throw refused('its path holds an escaped "." or ".." segment');
      for (const reading of READINGS) {
        const text = read(path, reading);
        const other = tableOf(reading).find(({ prefix }) => text.startsWith(prefix))?.rule ?? null;
        if (other !== rule) throw refused('its path would reach another rule once decoded or normalised');
      }
      return { path, rule };
    },
  };
}

function hasDotSegment(path: string): boolean {
  return /(^|[/\\])\.{1,2}([;/\\]|$)/.test(path);
}

/** The path after 1, 2, 3 rounds of decoding; refused when a further round would still change it. */
function decodeAll(path: string): string[] {
  const rounds: string[] = [];
  let text = path;
  for (let round = 0; round < DECODE_ROUNDS_MAX; round += 1) {
    text = decode(text);
    rounds.push(text);
  }
  if (decode(text) !== text) throw refused('its path is escaped too many times over');
  return rounds;
}

/** One round over bytes, not characters: what an escape means in UTF-8 is no matter for prefixes. */
function decode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function read(path: string, reading: Reading): string {
  let text = path;
  for (let round = 0; round < reading.rounds; round += 1) text = decode(text).replaceAll('\\', '/');
  if (reading.dropParameters) text = text.replace(/;[^/]*/g, '');
  return reading.merge ? text.replace(/\/{2,}/g, '/') : text;
}

function refused(why: string): PosternError {
  return new PosternError('bad_request_target', { detail: `The request target is not accepted: ${why}.` });
}
