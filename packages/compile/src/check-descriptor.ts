import { compileMatchers, compileRuleDemands } from '@postern/admission';
import { type Finding, type RouteDescriptor, ruleCaNamesOf } from '@postern/contracts';
import { matcherDoubts } from './matcher-doubts.ts';
import { rulePrefixDoubts } from './rule-prefix-doubts.ts';

const MATCHES = '/validation/clientCertificate/subjectMatches';

/** A write asks three times for the findings of one descriptor: before it, to compile its host, and to answer. */
const known = new WeakMap<RouteDescriptor, readonly Finding[]>();

/** What can be said about a descriptor, which nobody changes, without any rows: errors of its regular expressions, and warnings. */
export function checkDescriptor(descriptor: RouteDescriptor): readonly Finding[] {
  const findings = known.get(descriptor) ?? findIn(descriptor);
  known.set(descriptor, findings);
  return findings;
}

function findIn(descriptor: RouteDescriptor): Finding[] {
  const list = descriptor.validation?.clientCertificate?.subjectMatches ?? [];
  const compiled = compileMatchers(list, MATCHES);
  const findings = compiled.ok ? [] : [...compiled.findings];
  findings.push(...matcherDoubts(list, MATCHES));
  const demands = compileRuleDemands(descriptor.routes, '/routes');
  if (!demands.ok) findings.push(...demands.findings);
  for (const [index, { clientCertificate }] of descriptor.routes.entries()) {
    const place = `/routes/${index}/clientCertificate/subjectMatches`;
    findings.push(...matcherDoubts(clientCertificate?.subjectMatches ?? [], place));
  }
  const ca = descriptor.tls?.clientValidationCa;
  if (ca?.mode === 'observe') {
    findings.push({
      severity: 'warning',
      code: 'client_ca_observed',
      message: 'nobody is refused: who would be is only recorded',
      pointer: '/tls/clientValidationCa/mode',
      hint: 'see who that is with `postern route observe ROUTE`, and end it with `postern route enforce ROUTE`',
    });
  }
  const isDemanded = (ca !== undefined && ca.mode !== 'observe') || ruleCaNamesOf(descriptor).length > 0;
  if (descriptor.corsPolicy !== undefined && isDemanded) {
    const where = ca === undefined ? 'is refused by the rules that demand one' : 'fails in the handshake';
    findings.push({
      severity: 'warning',
      code: 'cors_with_client_ca',
      message: `browsers send the CORS preflight without a client certificate, so on this host each one ${where}`,
      pointer: '/corsPolicy',
      hint: 'serve browsers of other origins from a host without a client CA',
    });
  }
  return [...findings, ...pointlessCas(descriptor), ...rulePrefixDoubts(descriptor)];
}

/** Warns of rules that name the CA which vouches for every client of the host anyway. During a rotation it means more. */
function pointlessCas({ tls, routes }: RouteDescriptor): Finding[] {
  const own = tls?.clientValidationCa;
  if (own === undefined || own.next !== undefined) return [];
  return routes.flatMap(({ clientCertificate }, index): Finding[] => {
    if (clientCertificate?.ca?.name !== own.name) return [];
    return [
      {
        severity: 'warning',
        code: 'rule_ca_pointless',
        message: `"${own.name}" vouches for every client of this host already`,
        pointer: `/routes/${index}/clientCertificate/ca/name`,
        hint: 'leave ca out, or name the CA whose clients this rule is for',
      },
    ];
  });
}
