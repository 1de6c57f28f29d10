import type { SubjectMatcher } from '@postern/contracts';
import { usageFailure } from '../cli-failure.ts';

const FLAG = '--client-certificate-subject';
const HINT = "for other patterns write a regex in the route's descriptor: postern route edit NAME";

/**
 * Reads one value of `--client-certificate-subject`: `*x` is a suffix, `x*` a prefix, anything else the exact name.
 * One `*` only, first or last, with something beside it; otherwise a usage failure.
 */
export function parseSubjectFlag(text: string): SubjectMatcher {
  const stars = text.split('*').length - 1;
  if (text.trim() === '') throw usageFailure(`${FLAG} is empty: it would match every name`);
  if (stars === 0) return { exact: text };
  if (stars > 1) throw usageFailure(`${FLAG} "${text}" has more than one "*"`, HINT);
  if (text === '*') {
    throw usageFailure(
      `${FLAG} "*" has nothing beside the "*"`,
      'to admit every certificate of the CA, set no subject',
    );
  }
  if (text.startsWith('*')) return { hasSuffix: text.slice(1) };
  if (text.endsWith('*')) return { hasPrefix: text.slice(0, -1) };
  throw usageFailure(`${FLAG} "${text}" has its "*" inside: it may only be first or last`, HINT);
}

/** A matcher as the flag writes it; a regex, which the flag cannot write, between slashes; and whether it is only observed. */
export function writeSubject(matcher: SubjectMatcher): string {
  return `${writePattern(matcher)}${matcher.observe === true ? ' (observed)' : ''}`;
}

function writePattern(matcher: SubjectMatcher): string {
  if (matcher.hasSuffix !== undefined) return `*${matcher.hasSuffix}`;
  if (matcher.hasPrefix !== undefined) return `${matcher.hasPrefix}*`;
  if (matcher.regex !== undefined) return `/${matcher.regex}/`;
  return matcher.exact ?? '';
}
