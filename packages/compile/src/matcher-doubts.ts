import type { Finding, SubjectMatcher } from '@postern/contracts';
import { lookAlikeIn } from './look-alikes.ts';
import { shadowedMatchers } from './shadowed-matchers.ts';

/** Warnings about matchers that allow more or less than they seem to; `pointer` is that of their list. */
export function matcherDoubts(list: readonly SubjectMatcher[], pointer: string): Finding[] {
  return [
    ...list.flatMap((matcher, index) => doubtsOf(matcher, `${pointer}/${index}`)),
    ...shadowedMatchers(list, pointer),
    ...observedDoubts(list, pointer),
  ];
}

/** Says what a list with observed matchers does not do. */
function observedDoubts(list: readonly SubjectMatcher[], pointer: string): Finding[] {
  const first = list.findIndex(({ observe }) => observe === true);
  if (first === -1) return [];
  const isAll = list.every(({ observe }) => observe === true);
  return [
    {
      severity: 'warning',
      code: 'matcher_observed',
      message: isAll
        ? 'no name is demanded: every matcher is only observed, so whoever the CA vouches for is admitted'
        : 'an observed matcher admits nobody: who would be is only recorded',
      pointer: `${pointer}/${first}/observe`,
      hint: 'see who that is with `postern route observe ROUTE`, and end it with `postern route enforce ROUTE`',
    },
  ];
}

function doubtsOf(matcher: SubjectMatcher, pointer: string): Finding[] {
  const { exact, hasPrefix, hasSuffix, regex } = matcher;
  const findings: Finding[] = [];
  const warn = (key: string, code: string, message: string, hint: string): void => {
    findings.push({ severity: 'warning', code, message, pointer: `${pointer}/${key}`, hint });
  };
  if (hasSuffix !== undefined && !hasSuffix.startsWith('.') && !hasSuffix.startsWith('*')) {
    const message = `"${hasSuffix}" also ends "evil${hasSuffix}", which is another domain`;
    warn('hasSuffix', 'suffix_without_dot', message, `write ".${hasSuffix}" for names below it`);
  }
  for (const [key, text] of Object.entries({ exact, hasPrefix, hasSuffix })) {
    if (text?.includes('*') !== true) continue;
    const message = 'the asterisk stands for itself in a descriptor: only a name that holds one matches';
    warn(key, 'literal_asterisk', message, 'use hasSuffix or hasPrefix without it');
  }
  for (const [key, text] of Object.entries({ exact, hasPrefix, hasSuffix, regex })) {
    const doubt = text === undefined ? undefined : lookAlikeIn(text);
    if (doubt !== undefined) warn(key, 'matcher_look_alike', doubt.message, doubt.hint);
  }
  const dot = regex === undefined ? -1 : indexOfLooseDot(regex);
  if (dot !== -1) {
    findings.push({
      severity: 'warning',
      code: 'regex_unescaped_dot',
      message: 'this "." matches any character, so that other names match as well',
      pointer: `${pointer}/regex`,
      hint: 'write "\\." for a dot',
      line: 1,
      column: dot + 1,
    });
  }
  return findings;
}

/** Index of the first "." that is neither escaped, in a class or literal run, nor repeated (as in ".*"); -1 without one. */
function indexOfLooseDot(regex: string): number {
  const parts =
    /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]?|(?<loose>\.(?![*+?{]))/g;
  for (const match of regex.matchAll(parts)) {
    if (match.groups?.loose !== undefined) return match.index;
  }
  return -1;
}
