import type { RouteDescriptor, Rule, SubjectMatcher } from '@postern/contracts';
import { stringify } from 'yaml';

/**
 * Writes a descriptor as YAML: keys in one order, nothing folded, so that the same descriptor is always the same bytes
 * and reading them back gives the same descriptor.
 */
export function writeDescriptor(descriptor: RouteDescriptor): string {
  return stringify(ordered(descriptor), {
    version: '1.2',
    schema: 'core',
    lineWidth: 0,
    indentSeq: false,
    aliasDuplicateObjects: false,
    blockQuote: false,
  });
}

function ordered(route: RouteDescriptor): unknown {
  const { host, tls, validation, clientIdentity, corsPolicy, routes } = route;
  return compact({
    host,
    tls:
      tls &&
      compact({
        clientValidationCa: tls.clientValidationCa,
        serverCertificate: tls.serverCertificate,
        onUntrusted: tls.onUntrusted,
      }),
    validation:
      validation &&
      compact({
        clientCertificate: validation.clientCertificate && {
          subjectMatches: validation.clientCertificate.subjectMatches.map(orderedMatcher),
        },
        httpBasic: validation.httpBasic && {
          realm: validation.httpBasic.realm,
          passwordHashes: Object.fromEntries(
            Object.entries(validation.httpBasic.passwordHashes).toSorted(([a], [b]) => (a < b ? -1 : 1)),
          ),
        },
      }),
    clientIdentity:
      clientIdentity &&
      compact({
        headers: clientIdentity.headers,
        jwt:
          clientIdentity.jwt &&
          compact({ audience: clientIdentity.jwt.audience, ttlSeconds: clientIdentity.jwt.ttlSeconds }),
      }),
    corsPolicy:
      corsPolicy && compact({ allowOrigins: corsPolicy.allowOrigins, allowMethods: corsPolicy.allowMethods }),
    routes: routes.map(orderedRule),
  });
}

function orderedMatcher({ exact, hasPrefix, hasSuffix, regex, observe }: SubjectMatcher): unknown {
  return compact({ exact, hasPrefix, hasSuffix, regex, observe });
}

function orderedRule({ name, prefix, route, enableWebsockets, clientCertificate }: Rule): unknown {
  return compact({
    name,
    prefix,
    route: { service: route.service },
    enableWebsockets,
    clientCertificate:
      clientCertificate &&
      compact({
        ca: clientCertificate.ca && { name: clientCertificate.ca.name },
        subjectMatches: clientCertificate.subjectMatches?.map(orderedMatcher),
      }),
  });
}

function compact(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
}
