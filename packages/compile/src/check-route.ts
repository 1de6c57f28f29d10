import { type Finding, type HostRows, nearest } from '@postern/contracts';
import { checkService } from './check-service.ts';
import { problemOfSecret } from './references.ts';

/** Errors for what a route, or a service it leads to, names and the rows lack; pointers into the route descriptor. */
export function checkRoute(rows: HostRows): Finding[] {
  const { clientValidationCa, serverCertificate } = rows.route.spec.tls ?? {};
  const findings = [
    clientValidationCa &&
      problemOfSecret(clientValidationCa.name, 'tls-ca', rows.secrets, '/tls/clientValidationCa/name'),
    clientValidationCa?.next &&
      problemOfSecret(
        clientValidationCa.next.name,
        'tls-ca',
        rows.secrets,
        '/tls/clientValidationCa/next/name',
      ),
    serverCertificate &&
      problemOfSecret(serverCertificate.name, 'tls', rows.secrets, '/tls/serverCertificate/name'),
  ].filter((finding) => finding !== undefined);
  for (const [index, { route, clientCertificate }] of rows.route.spec.routes.entries()) {
    const ca = clientCertificate?.ca;
    const problem =
      ca && problemOfSecret(ca.name, 'tls-ca', rows.secrets, `/routes/${index}/clientCertificate/ca/name`);
    if (problem !== undefined) findings.push(problem);
    findings.push(...problemsOfService(route.service, rows, `/routes/${index}/route/service`));
  }
  return findings;
}

function problemsOfService(name: string, rows: HostRows, pointer: string): Finding[] {
  const spec = rows.services.get(name);
  if (spec !== undefined) {
    return checkService(spec, rows.secrets).map((finding) => ({
      ...finding,
      message: `service "${name}": ${finding.message}`,
      pointer,
    }));
  }
  const near = nearest(name, [...rows.services.keys()]);
  return [
    {
      severity: 'error',
      code: 'reference_missing',
      message: `there is no service "${name}"`,
      pointer,
      hint:
        near === undefined
          ? `create it: postern service create ${name} --target URL`
          : `did you mean "${near}"?`,
    },
  ];
}
