import type { Finding, RouteDescriptor, SubjectMatcher } from '@postern/contracts';
import { isPublicWebCa } from '@postern/pki';

/** A client CA, and where it is named. */
interface NamedCa {
  readonly name: string;
  readonly pointer: string;
}

/** The client CAs that admit whomever they vouch for, whatever their names: to the whole route, or by a rule. */
export function namelessCasOf({ tls, validation, routes }: RouteDescriptor): NamedCa[] {
  if (hasEnforced(validation?.clientCertificate)) return [];
  const own = tls?.clientValidationCa?.name;
  return [
    ...(own === undefined ? [] : [{ name: own, pointer: '/tls/clientValidationCa/name' }]),
    ...routes.flatMap(({ clientCertificate }, index): NamedCa[] => {
      const name = clientCertificate?.ca?.name;
      if (name === undefined || hasEnforced(clientCertificate)) return [];
      return [{ name, pointer: `/routes/${index}/clientCertificate/ca/name` }];
    }),
  ];
}

/** Warns of client CAs from which anyone gets a certificate, where no name is demanded; `caPemOf` gives what is known of a secret. */
export function clientCaDoubts(
  spec: RouteDescriptor,
  caPemOf: (secret: string) => string | undefined,
): Finding[] {
  return namelessCasOf(spec).flatMap(({ name, pointer }): Finding[] => {
    const anchors = caPemOf(name)?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (!anchors.some(isPublicWebCa)) return [];
    return [
      {
        severity: 'warning',
        code: 'public_client_ca',
        message: `secret "${name}" holds a CA of the public web: anyone gets a certificate from it, and all of them are admitted`,
        pointer,
        hint: 'demand names with clientCertificate.subjectMatches, or trust a CA of your own',
      },
    ];
  });
}

function hasEnforced(
  demand: { readonly subjectMatches?: readonly SubjectMatcher[] | undefined } | undefined,
): boolean {
  return demand?.subjectMatches?.some(({ observe }) => observe !== true) === true;
}
