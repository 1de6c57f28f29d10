import { type Finding, LIMITS, type SubjectMatcher } from '@postern/contracts';
import type { SubjectNames } from '@postern/pki';
import { foldAscii } from './ascii-fold.ts';
import { compileNameRegex } from './name-regex.ts';

/** Names of one certificate that are compared at most; one with more matches nothing. Real certificates have under 100. */
const NAMES_COMPARED_MAX = 1_000;

/** The matcher that hit, as it was written, and the name it hit. */
export interface SubjectHit {
  readonly matcher: SubjectMatcher;
  readonly name: string;
}

/** Matchers ready to be asked about certificates. */
export interface CompiledMatchers {
  readonly list: readonly SubjectMatcher[];
  /** The first hit of any matcher on any CN or DNS name, or null. */
  judge(names: SubjectNames): SubjectHit | null;
}

type Test = (name: string) => boolean;

/**
 * Compiles a route's matchers, or gives what is wrong with each, `pointer` being that of the list.
 *
 * Names are compared whole and without ASCII case. Names over LIMITS.matchedNameCharsMax characters match nothing, and so
 * does every matcher that is empty, unknown or sets more than one key: those are errors here too.
 */
export function compileMatchers(
  list: readonly SubjectMatcher[],
  pointer = '',
): ({ ok: true } & CompiledMatchers) | { ok: false; findings: Finding[] } {
  const findings: Finding[] = [];
  const tests: { matcher: SubjectMatcher; test: Test }[] = [];
  for (const [index, matcher] of list.entries()) {
    const result = compileMatcher(matcher, `${pointer}/${index}`);
    if ('finding' in result) findings.push(result.finding);
    else tests.push({ matcher, test: result.test });
  }
  if (findings.length > 0) return { ok: false, findings };
  return { ok: true, list, judge: (names) => findHit(tests, names) };
}

function findHit(
  tests: readonly { matcher: SubjectMatcher; test: Test }[],
  names: SubjectNames,
): SubjectHit | null {
  const all = [...names.commonNames, ...names.dnsNames];
  if (all.length > NAMES_COMPARED_MAX) return null;
  const comparable = all.filter((name) => name !== '' && name.length <= LIMITS.matchedNameCharsMax);
  for (const { matcher, test } of tests) {
    const name = comparable.find(test);
    if (name !== undefined) return { matcher, name };
  }
  return null;
}

function compileMatcher(matcher: SubjectMatcher, pointer: string): { test: Test } | { finding: Finding } {
  const [entry, second] = Object.entries(matcher).filter(([, value]) => value !== undefined);
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
      return { test: (name) => foldAscii(name) === folded };
    case 'hasPrefix':
      return { test: (name) => foldAscii(name).startsWith(folded) };
    case 'hasSuffix':
      return { test: (name) => foldAscii(name).endsWith(folded) };
    case 'regex': {
      const regex = compileNameRegex(pattern);
      if (regex.ok) return { test: regex.matches };
      const { finding } = refuse(
        `${pointer}/regex`,
        'regex',
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
