import type { ObservedVerdict, SubjectMatcher, Verdict } from '@postern/contracts';
import { escapeControls, type SubjectNames } from '@postern/pki/plain';
import {
  type CompiledMatchers,
  hasTooManyNames,
  type MatcherResult,
  patternsOf,
  type SubjectHit,
} from './compile-matchers.ts';

/** Characters of one name or pattern, and items of one list, that a detail shows. */
const SHOWN = { chars: 80, items: 5 } as const;

/**
 * Judges a client whose certificate the trust bundle vouches for, by its names alone.
 *
 * `matchers` null admits every such client; `results` are what they say of these names. The detail of a refusal says which names were compared with what: one line,
 * at most some 4,000 characters, nothing invisible in it. `validUntil` is milliseconds since 1970.
 *
 * Observed matchers decide nothing, as if they were not there: a list of them alone admits every such client (decision 0016). Whose verdict
 * changes once they are enforced is told beside it.
 */
export function judgeSubject(
  client: { readonly names: SubjectNames; readonly validUntil: number },
  matchers: CompiledMatchers | null,
  results: readonly MatcherResult[] = matchers?.results(client.names) ?? [],
): Verdict {
  if (matchers === null) return { verdict: 'admit', validUntil: client.validUntil, matchedBy: null };
  const matchedBy = firstHit(results, false);
  if (matchedBy !== null) return { verdict: 'admit', validUntil: client.validUntil, matchedBy };
  const allowing = firstHit(results, true);
  const enforced = matchers.list.filter(({ observe }) => observe !== true);
  if (enforced.length > 0) {
    const refused = refusalOf(client.names, enforced);
    return allowing === null ? refused : { ...refused, observed: { verdict: 'admit', matchedBy: allowing } };
  }
  const admitted = { verdict: 'admit', validUntil: client.validUntil, matchedBy: null } as const;
  return allowing === null ? { ...admitted, observed: refusalOf(client.names, matchers.list) } : admitted;
}

function refusalOf(
  names: SubjectNames,
  list: readonly SubjectMatcher[],
): Extract<ObservedVerdict, { verdict: 'refuse' }> {
  return { verdict: 'refuse', reason: 'subject_not_allowed', detail: detailOf(names, list) };
}

function firstHit(results: readonly MatcherResult[], observed: boolean): SubjectHit | null {
  for (const { matcher, name } of results) {
    if (name !== null && (matcher.observe === true) === observed) return { matcher, name };
  }
  return null;
}

function detailOf(names: SubjectNames, list: readonly SubjectMatcher[]): string {
  if (hasTooManyNames(names)) return 'the certificate has more names than are compared';
  const own = [
    ...names.commonNames.map((name) => `CN ${quote(name)}`),
    ...names.dnsNames.map((name) => `DNS ${quote(name)}`),
  ];
  const who =
    own.length === 0 ? 'the certificate has no CN or DNS name that can be compared' : `compared ${some(own)}`;
  const allowed = list.flatMap((matcher) =>
    patternsOf(matcher).map(([key, text]) => `${key} ${quote(text)}`),
  );
  return `${who}; allowed here: ${some(allowed)}`;
}

function some(items: readonly string[]): string {
  const more = items.length - SHOWN.items;
  return `${items.slice(0, SHOWN.items).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function quote(text: string): string {
  const short = text.length > SHOWN.chars ? `${text.slice(0, SHOWN.chars)}…` : text;
  return `"${escapeControls(short).replaceAll('"', '\\"')}"`;
}
