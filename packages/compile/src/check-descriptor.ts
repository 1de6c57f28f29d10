import { compileMatchers, compileRuleDemands } from '@postern/admission';
import type { Finding, RouteDescriptor } from '@postern/contracts';
import { matcherDoubts } from './matcher-doubts.ts';

const MATCHES = '/validation/clientCertificate/subjectMatches';

/** What can be said about a descriptor without any rows: errors of its regular expressions, and warnings. */
export function checkDescriptor(descriptor: RouteDescriptor): Finding[] {
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
