import type { RequestEvaluation } from '@postern/admission';
import { clientCaNamesOf, PROBLEMS } from '@postern/contracts';
import { formatFields } from '../output/format-table.ts';
import type { RouteEvaluation } from './evaluate-route.ts';
import type { TestRequest } from './read-test-request.ts';

/** True when a service of the route (or the edge, to `OPTIONS *`) would answer the request. */
export function isServed({ answer }: RequestEvaluation): boolean {
  return answer.kind === 'service' || answer.kind === 'edge';
}

/** What cannot be known without a connection and the service behind it; each one line. */
export function unknownsOf(
  { evaluation }: RouteEvaluation,
  request: TestRequest,
  isReady: boolean,
): string[] {
  const { answer } = evaluation;
  return [
    'whether this host reaches an edge: DNS and firewalls are not asked',
    ...(isReady ? [] : ['since when edges serve this: the route is not ready']),
    ...(answer.kind === 'service' ? ['what the service answers'] : []),
    ...(request.ignoredFields.length > 0
      ? [`what these fields do: ${request.ignoredFields.join(', ')} (host and upgrade alone are looked at)`]
      : []),
  ];
}

/** The evaluation for a person. */
export function describeEvaluation(tested: RouteEvaluation, unknowns: readonly string[]): string {
  const { route, evaluation } = tested;
  const { rule } = evaluation;
  const fields = formatFields([
    ['Answer', answerText(evaluation)],
    ['Route', `${route.name} (host ${route.spec.host})`],
    ['Rule', rule === null ? 'none' : rule.name === null ? rule.prefix : `${rule.prefix} (${rule.name})`],
    ['Service', rule?.service ?? 'none'],
    ['Client', clientText(tested)],
  ]);
  return `${fields}Not known:\n${unknowns.map((line) => `  ${line}\n`).join('')}`;
}

function answerText({ answer }: RequestEvaluation): string {
  switch (answer.kind) {
    case 'service':
      return answer.needs.length === 0
        ? `service ${answer.rule.service}`
        : `401 until a user name and password are given (HTTP basic), then service ${answer.rule.service}`;
    case 'edge':
      return `${answer.status} by the edge itself`;
    case 'handshake':
      return `none: the connection ends in the TLS handshake (${answer.reason})`;
    case 'closed':
      return `none: the host is not served (${answer.reason}): ${answer.detail}`;
    case 'problem':
      return `${answer.status} ${PROBLEMS[answer.code].title} (${answer.code}): ${answer.detail}`;
  }
}

function clientText({ route, known, evaluation }: RouteEvaluation): string {
  const { answer, client } = evaluation;
  const [asked] = clientCaNamesOf(route.spec);
  if (asked === undefined) return 'no certificate is asked for';
  const isRefused = answer.kind === 'problem' && answer.code === 'client_certificate_refused';
  if (answer.kind === 'handshake' || isRefused) return `refused: ${answer.detail}`;
  if (client === null) {
    return route.spec.tls?.clientValidationCa === undefined
      ? 'admitted: a certificate is asked for, and none is demanded here'
      : `a certificate of ${asked} is demanded`;
  }
  if (client.verdict === 'refuse' && route.spec.tls?.clientValidationCa?.mode === 'observe') {
    return `admitted: the route only observes; it would be refused: ${client.detail}`;
  }
  if (client.verdict === 'refuse') return `refused: ${client.detail}`;
  const until = new Date(client.validUntil).toISOString();
  const ca = known.caNames.get(client.anchor?.bundle ?? '') ?? asked;
  if (client.matchedBy === null)
    return `admitted until ${until}: ${ca} vouches for it, and no subject is demanded`;
  const [[key, pattern] = ['', '']] = Object.entries(client.matchedBy.matcher);
  return `admitted until ${until}: "${client.matchedBy.name}" by ${key} "${pattern ?? ''}"`;
}
