import { type EvaluationCheck, writeMatcher } from '@postern/admission';
import { formatFields, formatTable } from '../output/format-table.ts';
import type { OutputLayout } from '../output/output-layout.ts';
import type { Explanation } from './explanation.ts';

/** An explanation for a person: the verdict and what would change it, then everything that led there. */
export function describeExplanation(explanation: Explanation, layout: OutputLayout): string {
  const { verdict, reason, detail, remedy, refusedAt, observed, observedMatch, rule, anchor, validUntil } =
    explanation;
  const where = { handshake: 'the TLS handshake ends', request: 'requests are answered 403' };
  const fields = formatFields(
    [
      ['Verdict', reason === null ? verdict : `${verdict} (${reason})`],
      ['Because', detail],
      ['Remedy', remedy ?? undefined],
      [
        'Observed',
        observed === null ? undefined : `would be refused (${observed.reason}): ${observed.detail}`,
      ],
      [
        'Observed',
        observedMatch === null
          ? undefined
          : `would be admitted: ${writeMatcher(observedMatch.matcher)} allows ${JSON.stringify(observedMatch.name)}`,
      ],
      ['To admit', observed?.remedy],
      ['Seen as', refusedAt === null ? undefined : where[refusedAt]],
      ['Route', `${explanation.route} (${explanation.host}${explanation.path})`],
      ['Rule', rule === null ? 'none' : `${rule.prefix} to service ${rule.service}`],
      ['CA', anchor === null ? undefined : anchor.ca],
      ['Until', verdict === 'admit' ? (validUntil ?? undefined) : undefined],
    ],
    layout.columns,
  );
  return [
    fields,
    section('Chain', ['', 'SUBJECT', 'ISSUER', 'FROM', 'UNTIL'], chainRows(explanation), layout),
    section('Checks', ['RESULT', 'CHECK', 'OF', 'FOUND'], explanation.checks.map(checkRow), layout),
    section('Matchers', ['RESULT', 'OF', 'MATCHER', 'NAME'], matcherRows(explanation), layout),
  ].join('');
}

function section(
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
  layout: OutputLayout,
): string {
  return rows.length === 0 ? '' : `\n${title}:\n${formatTable(header, rows, layout)}`;
}

function chainRows({ chain }: Explanation): string[][] {
  return chain.map(({ source, subject, issuer, notBefore, notAfter }) => [
    source === 'anchor' ? 'trusted' : source,
    subject,
    issuer,
    notBefore,
    notAfter,
  ]);
}

function checkRow({ name, position, certificate, result, detail }: EvaluationCheck): string[] {
  return [result, name, position === 0 ? 'the client' : certificate, detail];
}

function matcherRows({ matchers }: Explanation): string[][] {
  return matchers.map(({ matcher, hit, name, of }) => {
    const { observe = false, ...patterns } = matcher;
    const [[key, pattern] = []] = Object.entries(patterns).filter(([, value]) => value !== undefined);
    return [`${hit ? 'hit' : 'miss'}${observe ? ' (observed)' : ''}`, of, `${key} ${pattern}`, name ?? ''];
  });
}
