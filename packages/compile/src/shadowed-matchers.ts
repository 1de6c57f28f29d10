import { compileMatchers } from '@postern/admission';
import type { Finding, SubjectMatcher } from '@postern/contracts';

/**
 * Characters of exact names times regular expressions that are compared; beyond, a regular expression shadows nothing. Hostile
 * ones take some 10 us a character, and this runs at every look at a route.
 */
const COMPARED_MAX = 4_096;

/** The one thing that a matcher compares with. */
interface Pattern {
  readonly index: number;
  readonly key: 'exact' | 'hasPrefix' | 'hasSuffix' | 'regex';
  readonly text: string;
  /** Without ASCII case, as names are compared; of a regular expression as it is written. */
  readonly folded: string;
  /** What a regular expression allows; null where it is not asked. */
  readonly allows: ((name: string) => boolean) | null;
}

/**
 * Warns of matchers all of whose names another one of the list allows as well: they decide nothing, and whoever takes one out believes
 * that it did. `pointer` is that of the list.
 */
export function shadowedMatchers(list: readonly SubjectMatcher[], pointer: string): Finding[] {
  const names = list.reduce((sum, { exact }) => sum + (exact?.length ?? 0), 0);
  const isAsked = names * list.filter(({ regex }) => regex !== undefined).length <= COMPARED_MAX;
  const patterns = list.flatMap((matcher, index) => patternOf(matcher, index, isAsked));
  return patterns.flatMap((pattern): Finding[] => {
    const wider = patterns.find(
      (other) =>
        other.index !== pattern.index &&
        allowsAll(other, pattern) &&
        // Of two that are equal the first stays.
        (other.index < pattern.index || !allowsAll(pattern, other)),
    );
    if (wider === undefined) return [];
    return [
      {
        severity: 'warning',
        code: 'matcher_shadowed',
        message: `every name that this allows is allowed by ${wider.key} "${wider.text}" already`,
        pointer: `${pointer}/${pattern.index}/${pattern.key}`,
        hint: 'leave one of the two out',
      },
    ];
  });
}

/** Observed matchers are not compared: they allow nobody yet. */
function patternOf(matcher: SubjectMatcher, index: number, isAsked: boolean): Pattern[] {
  const entries = Object.entries(matcher).filter(([, value]) => value !== undefined);
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) return [];
  const [key, text] = entry as [Pattern['key'], string];
  const folded = key === 'regex' ? text : text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  const allows = key === 'regex' && isAsked ? compileRegex(text) : null;
  return [{ index, key, text, folded, allows }];
}

/** True only where it is sure; of two different regular expressions nothing is said. */
function allowsAll(wider: Pattern, { key, text, folded }: Pattern): boolean {
  switch (wider.key) {
    case 'exact':
      return key === 'exact' && folded === wider.folded;
    case 'hasPrefix':
      return (key === 'exact' || key === 'hasPrefix') && folded.startsWith(wider.folded);
    case 'hasSuffix':
      return (key === 'exact' || key === 'hasSuffix') && folded.endsWith(wider.folded);
    case 'regex':
      if (key === 'regex') return text === wider.text;
      return key === 'exact' && wider.allows?.(text) === true;
  }
}

function compileRegex(regex: string): Pattern['allows'] {
  const compiled = compileMatchers([{ regex }]);
  if (!compiled.ok) return null;
  return (name) => compiled.judge({ commonNames: [name], dnsNames: [] }) !== null;
}
