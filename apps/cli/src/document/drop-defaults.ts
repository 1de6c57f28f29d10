import type { DocumentKind, RouteDescriptor, ServiceSpec } from '@postern/contracts';
import {
  CLIENT_IDENTITY_HEADERS_DEFAULT,
  HEALTH_CHECK_DEFAULTS,
  IDENTITY_TOKEN_SECONDS_MAX,
  SERVICE_DEFAULTS,
  urlOfTarget,
  weightOfTarget,
} from '@postern/contracts';

/** Methods that CORS allows where a route names none. */
const CORS_METHODS = ['GET', 'HEAD', 'POST'];

/** A spec without what holds anyway, so that saying a default and leaving it out are the same. */
export function dropDefaults(kind: DocumentKind, spec: unknown): unknown {
  if (kind === 'service') return plainService(spec as ServiceSpec);
  return kind === 'route' ? plainRoute(spec as RouteDescriptor) : spec;
}

function plainService(service: ServiceSpec): unknown {
  const { targets, tls, hostHeader, timeouts, healthCheck, ...rest } = service;
  return {
    ...rest,
    targets: targets.map((target) =>
      weightOfTarget(target) === 1
        ? urlOfTarget(target)
        : { url: urlOfTarget(target), weight: weightOfTarget(target) },
    ),
    tls: unlessEmpty(tls),
    hostHeader: hostHeader === 'client' ? undefined : hostHeader,
    timeouts: unlessEmpty(without(timeouts, SERVICE_DEFAULTS)),
    healthCheck: without(healthCheck, HEALTH_CHECK_DEFAULTS),
  };
}

function plainRoute(route: RouteDescriptor): unknown {
  const { tls, validation, clientIdentity, corsPolicy, routes, ...rest } = route;
  const methods = corsPolicy?.allowMethods;
  const tokenDefaults = { audience: route.host, ttlSeconds: IDENTITY_TOKEN_SECONDS_MAX };
  return {
    ...rest,
    tls: unlessEmpty(
      without(tls && { ...tls, clientValidationCa: without(tls.clientValidationCa, { mode: 'enforce' }) }, {
        onUntrusted: 'close',
      }),
    ),
    validation: unlessEmpty(validation),
    clientIdentity: unlessEmpty(
      without(clientIdentity && { ...clientIdentity, jwt: without(clientIdentity.jwt, tokenDefaults) }, {
        headers: CLIENT_IDENTITY_HEADERS_DEFAULT,
      }),
    ),
    corsPolicy: corsPolicy && {
      ...corsPolicy,
      allowMethods: String(methods) === String(CORS_METHODS) ? undefined : methods,
    },
    routes: routes.map(({ enableWebsockets, ...rule }) =>
      enableWebsockets === true ? { ...rule, enableWebsockets } : rule,
    ),
  };
}

function without(value: object | undefined, defaults: Readonly<Record<string, unknown>>): object | undefined {
  return (
    value &&
    Object.fromEntries(
      Object.entries(value).filter(([key, part]) => part !== undefined && part !== defaults[key]),
    )
  );
}

function unlessEmpty<T extends object>(value: T | undefined): T | undefined {
  return value === undefined || Object.values(value).every((part) => part === undefined) ? undefined : value;
}
