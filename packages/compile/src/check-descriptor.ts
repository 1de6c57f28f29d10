import { compileMatchers } from '@postern/admission';
import type { Finding, RouteDescriptor, SubjectMatcher } from '@postern/contracts';

const MATCHES = '/validation/clientCertificate/subjectMatches';

/** What can be said about a descriptor without any rows: errors of its regular expressions, and warnings. */
export function checkDescriptor(descriptor: RouteDescriptor): Finding[] {
  const list = descriptor.validation?.clientCertificate?.subjectMatches ?? [];
  const compiled = compileMatchers(list, MATCHES);
  const findings = compiled.ok ? [] : [...compiled.findings];
  for (const [index, matcher] of list.entries()) findings.push(...warningsOf(matcher, `${MATCHES}/${index}`));
  if (descriptor.corsPolicy !== undefined && descriptor.tls?.clientValidationCa !== undefined) {
    findings.push({
      severity: 'warning',
      code: 'cors_with_client_ca',
      message:
        'browsers send the CORS preflight without a client certificate, so on this host each one fails in the handshake',
      pointer: '/corsPolicy',
      hint: 'serve browsers of other origins from a host without tls.clientValidationCa',
    });
  }
  return findings;
}

function warningsOf(matcher: SubjectMatcher, pointer: string): Finding[] {
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
