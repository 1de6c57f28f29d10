import { CLIENT_IDENTITY_HEADERS_DEFAULT, type RouteResource, ruleCaNamesOf } from '@postern/contracts';
import { formatFields, formatTable } from '../output/format-table.ts';
import type { OutputLayout } from '../output/output-layout.ts';
import { labelsText } from '../secret/describe-secret.ts';
import { writeSubject } from './subject-flag.ts';

/** Writes a route for a person: what it is, where it leads, whom it admits, and whether it is served. */
export function describeRoute(route: RouteResource, layout: OutputLayout): string {
  const { spec, status } = route;
  const subjects = spec.validation?.clientCertificate?.subjectMatches;
  const { name: ca, mode, next } = spec.tls?.clientValidationCa ?? {};
  const ruleCas = ruleCaNamesOf(spec);
  const head = formatFields(
    [
      ['Route', route.name],
      ['Host', spec.host],
      ['URL', status.url],
      [
        'Client CA',
        ca ?? (ruleCas.length > 0 ? 'none but where a path demands one' : 'none: every client may connect'),
      ],
      [
        'Enforced',
        mode === 'observe' ? 'no: everybody is let in, and who would be refused is recorded' : undefined,
      ],
      ['Next client CA', next && `${next.name}: both are trusted until the rotation ends`],
      [
        'Subjects',
        ca === undefined
          ? undefined
          : (subjects?.map(writeSubject).join(', ') ?? 'every certificate of the CA'),
      ],
      ['Untrusted clients', spec.tls?.onUntrusted === 'page' ? 'are answered 403' : undefined],
      [
        'Client identity',
        ca === undefined && ruleCas.length === 0 ? undefined : identityText(spec.clientIdentity),
      ],
      ['Server certificate', spec.tls?.serverCertificate?.name ?? 'automatic'],
      [
        'Basic auth',
        spec.validation?.httpBasic === undefined ? undefined : basicText(spec.validation.httpBasic),
      ],
      ['CORS origins', spec.corsPolicy?.allowOrigins.join(', ')],
      ['CORS methods', spec.corsPolicy?.allowMethods?.join(', ')],
      ['Labels', labelsText(route.labels)],
      ['Updated', route.updatedAt],
    ],
    layout.columns,
  );
  const hasSubjects = spec.routes.some((rule) => rule.clientCertificate?.subjectMatches !== undefined);
  const hasCas = ruleCas.length > 0;
  const rules = spec.routes.map((rule) => [
    rule.prefix,
    rule.route.service,
    rule.enableWebsockets === true ? 'yes' : 'no',
    rule.name ?? '',
    ...(hasCas ? [rule.clientCertificate?.ca?.name ?? ''] : []),
    ...(hasSubjects ? [rule.clientCertificate?.subjectMatches?.map(writeSubject).join(', ') ?? ''] : []),
  ]);
  const conditions = status.conditions.map(({ type, status: holds, lastTransitionAt, reason, message }) => [
    ...[type, String(holds), lastTransitionAt, reason, message],
  ]);
  return [
    head,
    formatTable(
      [
        ...['PATH', 'SERVICE', 'WEBSOCKETS', 'RULE'],
        ...(hasCas ? ['CLIENT CA'] : []),
        ...(hasSubjects ? ['SUBJECTS'] : []),
      ],
      rules,
      layout,
    ),
    // The message says why, and what is cut off explains nothing.
    formatTable(
      ['CONDITION', 'STATUS', 'LAST TRANSITION', 'REASON', 'MESSAGE'],
      conditions,
      layout,
      'goesBelow',
    ),
  ].join('\n');
}

function identityText(identity: RouteResource['spec']['clientIdentity']): string | undefined {
  if (identity === undefined) return undefined;
  const headers = identity.headers ?? CLIENT_IDENTITY_HEADERS_DEFAULT;
  return identity.jwt === undefined ? headers : `${headers}, and a token`;
}

function basicText(basic: { realm: string; passwordHashes: Readonly<Record<string, string>> }): string {
  return `realm "${basic.realm}", users ${Object.keys(basic.passwordHashes).join(', ')}`;
}
