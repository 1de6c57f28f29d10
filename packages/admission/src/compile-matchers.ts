import { type Finding, LIMITS, type SubjectMatcher } from '@postern/contracts/plain';
import type { SubjectNames } from '@postern/pki';
import { foldAscii } from './ascii-fold.ts';
import { compileNameRegex } from './name-regex.ts';

/**
 * Characters of all names of one certificate; one with more matches nothing. A hundred names of 40 characters fit. With the
 * bound below the worst judgement known takes 1.5 s, in place of many minutes.
 */
const NAME_CHARS_COMPARED_MAX = 4_096;

/** Instructions of all regular expressions of one list; a name of eight labels with `{1,63}` each takes 1,000 of them. */
const REGEX_INSTRUCTIONS_MAX = 2_200;

/** The matcher that hit, as it was written, and the name it hit. */
export interface SubjectHit {
  readonly matcher: SubjectMatcher;
  readonly name: string;
}

/** A matcher as it was written, and the first name of the certificate that it hits; null: none. */
export interface MatcherResult {
  readonly matcher: SubjectMatcher;
  readonly name: string | null;
  readonly hit: boolean;
}

/** Matchers ready to be asked about certificates. */
export interface CompiledMatchers {
  readonly list: readonly SubjectMatcher[];
  /** The first hit of any enforced matcher on any CN or DNS name, or null. */
  judge(names: SubjectNames): SubjectHit | null;
  /** What each matcher says, in the order of the list. */
  results(names: SubjectNames): MatcherResult[];
}

type Test = (name: string) => boolean;

/**
 * Compiles a route's matchers, or gives what is wrong with each, `pointer` being that of the list.
 *
 * Names are compared whole and without ASCII case. Names over LIMITS.matchedNameCharsMax characters match nothing, nor do
 * those of a certificate with too many. A matcher that is empty, unknown or sets more than one key is an error here too, and
 * so are regular expressions too complex together.
 */
export function compileMatchers(
  list: readonly SubjectMatcher[],
  pointer = '',
): ({ ok: true } & CompiledMatchers) | { ok: false; findings: Finding[] } {
  const findings: Finding[] = [];
  const tests: { matcher: SubjectMatcher; test: Test }[] = [];
  let instructionsLeft = REGEX_INSTRUCTIONS_MAX;
  for (const [index, matcher] of list.entries()) {
    const result = compileMatcher(matcher, `${pointer}/${index}`, instructionsLeft);
    if ('finding' in result) {
      findings.push(result.finding);
      // The patterns after it are not even compiled: a hundred of this kind would take many seconds.
      if (result.finding.code === 'regex_too_complex') break;
      continue;
    }
    instructionsLeft -= result.instructions;
    tests.push({ matcher, test: result.test });
  }
  if (findings.length > 0) return { ok: false, findings };
  return {
    ok: true,
    list,
    judge: (names) => findHit(tests, names),
    results: (names) => askAll(tests, names),
  };
}

function askAll(
  tests: readonly { matcher: SubjectMatcher; test: Test }[],
  names: SubjectNames,
): MatcherResult[] {
  const comparable = hasTooManyNames(names) ? [] : comparableNames(names);
  return tests.map(({ matcher, test }) => {
    const name = comparable.find(test) ?? null;
    return { matcher, name, hit: name !== null };
  });
}

function findHit(
  tests: readonly { matcher: SubjectMatcher; test: Test }[],
  names: SubjectNames,
): SubjectHit | null {
  if (hasTooManyNames(names)) return null;
  const comparable = comparableNames(names);
  for (const { matcher, test } of tests) {
    if (matcher.observe === true) continue;
    const name = comparable.find(test);
    if (name !== undefined) return { matcher, name };
  }
  return null;
}

/** True for a certificate whose names together are so long that none of them is compared. */
export function hasTooManyNames(names: SubjectNames): boolean {
  return comparableNames(names).reduce((sum, name) => sum + name.length, 0) > NAME_CHARS_COMPARED_MAX;
}

function comparableNames({ commonNames, dnsNames }: SubjectNames): string[] {
  return [...commonNames, ...dnsNames].filter(
    (name) => name !== '' && name.length <= LIMITS.matchedNameCharsMax,
  );
}

/** What a matcher compares with, by its keys: one of exact, hasPrefix, hasSuffix, regex. */
export function patternsOf({ observe: _, ...patterns }: SubjectMatcher): [key: string, pattern: string][] {
  return Object.entries(patterns).flatMap(([key, pattern]) =>
    pattern === undefined ? [] : [[key, pattern]],
  );
}

/** A matcher on one line, like `exact "client.acme.org"`. */
export function writeMatcher(matcher: SubjectMatcher): string {
  return patternsOf(matcher)
    .map(([key, pattern]) => `${key} ${JSON.stringify(pattern)}`)
    .join(', ');
}

function compileMatcher(
  matcher: SubjectMatcher,
  pointer: string,
  instructionsMax: number,
): { test: Test; instructions: number } | { finding: Finding } {
  const [entry, second] = patternsOf(matcher);
  const [key, pattern] = entry ?? ['', undefined];
  if (typeof pattern !== 'string' || pattern === '' || second !== undefined) {
    return refuse(pointer, 'matcher_keys', 'a matcher sets one of exact, hasPrefix, hasSuffix, regex');
  }
  if (pattern.length > LIMITS.patternCharsMax) {
    return refuse(
      `${pointer}/${key}`,
      'pattern_too_long',
      `a pattern has at most ${LIMITS.patternCharsMax} characters`,
    );
  }
  const folded = foldAscii(pattern);
  switch (key) {
    case 'exact':
      return { instructions: 0, test: (name) => foldAscii(name) === folded };
    case 'hasPrefix':
      return { instructions: 0, test: (name) => foldAscii(name).startsWith(folded) };
    case 'hasSuffix':
      return { instructions: 0, test: (name) => foldAscii(name).endsWith(folded) };
    case 'regex': {
      const regex = compileNameRegex(pattern, instructionsMax);
      if (regex.ok) return { instructions: regex.instructions, test: regex.matches };
      const { finding } = refuse(
        `${pointer}/regex`,
        regex.code,
        `the regular expression is not usable: ${regex.problem}`,
      );
      return {
        finding: regex.index === undefined ? finding : { ...finding, line: 1, column: regex.index + 1 },
      };
    }
    default:
      return refuse(pointer, 'matcher_keys', `a matcher has no key "${key}"`);
  }
}

function refuse(pointer: string, code: string, message: string): { finding: Finding } {
  return { finding: { severity: 'error', code, message, pointer } };
}
