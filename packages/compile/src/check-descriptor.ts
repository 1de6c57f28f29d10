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
  if (descriptor.corsPolicy !== undefined && ca !== undefined && ca.mode !== 'observe') {
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
