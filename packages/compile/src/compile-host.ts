import {
  CLIENT_IDENTITY_HEADERS_DEFAULT,
  type ClientCertificatePolicy,
  type CompiledRule,
  clientCaNamesOf,
  type HostDocument,
  type HostRows,
  IDENTITY_TOKEN_SECONDS_MAX,
  type Rule,
  ruleCaNamesOf,
  type Upstream,
} from '@postern/contracts';
import { checkDescriptor } from './check-descriptor.ts';
import { checkRoute } from './check-route.ts';
import { compileService } from './compile-service.ts';

/**
 * Compiles what an edge needs to serve one host from the rows about it. Never throws.
 *
 * A name that is not verified, a reference that is missing or of a wrong type, a matcher that cannot be used or an unreadable
 * target closes the host, with the reason: it then carries no rules and no services, so that nothing is reachable through it.
 */
export function compileHost(rows: HostRows): HostDocument {
  const { spec } = rows.route;
  const { services, unusable } = compileServices(rows);
  const closed = closedBecause(rows) ?? unusable;
  const common = {
    host: spec.host,
    project: rows.project,
    route: rows.route.name,
    httpBasic: spec.validation?.httpBasic ?? null,
    cors: spec.corsPolicy ?? null,
  };
  if (closed !== null) {
    const nothing = { certificate: null, clientCertificate: null, rules: [], services: {} };
    return { ...common, ...nothing, closed };
  }
  return {
    ...common,
    closed: null,
    certificate: certificateOf(rows),
    clientCertificate: policyOf(rows),
    ...identityOf(rows),
    rules: compileRules(rows),
    services,
  };
}

function closedBecause(rows: HostRows): HostDocument['closed'] {
  if (rows.isHostVerified === false) {
    const { host } = rows.route.spec;
    const message = `hostname ${host} is not verified yet; postern hostname check ${host} prints the DNS records to make`;
    return { reason: 'hostname_not_verified', message };
  }
  const [first] = [...checkRoute(rows), ...checkDescriptor(rows.route.spec)].filter(
    (finding) => finding.severity === 'error',
  );
  return first === undefined ? null : { reason: first.code, message: `${first.pointer}: ${first.message}` };
}

function certificateOf(rows: HostRows): string | null {
  const name = rows.route.spec.tls?.serverCertificate?.name;
  if (name !== undefined) return rows.secrets.get(name)?.id ?? null;
  // A route that no longer brings its own goes on with that until the first one is issued.
  return rows.issuedCertificate ?? rows.servedCertificate ?? null;
}

function policyOf(rows: HostRows): ClientCertificatePolicy | null {
  const { tls, validation } = rows.route.spec;
  const revocations = {
    ...(rows.hasRevocations === true ? { revocations: true as const } : {}),
    ...crlsOf(rows),
  };
  if (tls?.clientValidationCa === undefined) {
    const isAsked = ruleCaNamesOf(rows.route.spec).length > 0;
    return isAsked ? { mode: 'request', trustBundle: null, subjectMatches: null, ...revocations } : null;
  }
  const { mode, next } = tls.clientValidationCa;
  return {
    mode: 'require',
    trustBundle: rows.secrets.get(tls.clientValidationCa.name)?.id ?? '',
    ...(next === undefined ? {} : { nextTrustBundle: rows.secrets.get(next.name)?.id ?? '' }),
    subjectMatches: validation?.clientCertificate?.subjectMatches ?? null,
    ...(mode === 'observe' ? { observe: true as const } : {}),
    ...(tls.onUntrusted === 'page' ? { onUntrusted: 'page' as const } : {}),
    ...revocations,
  };
}

/** Left out where it is the default, so that such documents keep a form that older edges read. */
function identityOf(rows: HostRows): Pick<HostDocument, 'clientIdentity'> {
  const { host, clientIdentity } = rows.route.spec;
  const { headers = CLIENT_IDENTITY_HEADERS_DEFAULT, jwt } = clientIdentity ?? {};
  if (jwt === undefined) {
    return headers === CLIENT_IDENTITY_HEADERS_DEFAULT ? {} : { clientIdentity: { headers } };
  }
  const { audience = host, ttlSeconds = IDENTITY_TOKEN_SECONDS_MAX } = jwt;
  return { clientIdentity: { headers, jwt: { audience, ttlSeconds } } };
}

/** The revocation lists of the CAs that vouch for clients here. */
function crlsOf({ route, crls = [] }: HostRows): Pick<ClientCertificatePolicy, 'crls'> {
  const named = new Set<string>(clientCaNamesOf(route.spec));
  const ids = crls.filter(({ ca }) => named.has(ca)).map(({ id }) => id);
  return ids.length === 0 ? {} : { crls: ids };
}

function compileRules(rows: HostRows): CompiledRule[] {
  return rows.route.spec.routes
    .map(({ name, prefix, route, enableWebsockets, clientCertificate }) => ({
      name: name ?? null,
      prefix,
      service: route.service,
      enableWebsockets: enableWebsockets ?? false,
      ...(clientCertificate === undefined ? {} : { clientCertificate: demandOf(clientCertificate, rows) }),
    }))
    .toSorted((a, b) => b.prefix.length - a.prefix.length || (a.prefix < b.prefix ? -1 : 1));
}

function demandOf(
  { ca, subjectMatches }: NonNullable<Rule['clientCertificate']>,
  { secrets }: HostRows,
): NonNullable<CompiledRule['clientCertificate']> {
  return {
    ...(ca === undefined ? {} : { trustBundle: secrets.get(ca.name)?.id ?? '' }),
    ...(subjectMatches === undefined ? {} : { subjectMatches }),
  };
}

/** The services that rules lead to, and why the host is closed where one of them cannot be used. */
function compileServices(rows: HostRows): {
  services: Record<string, Upstream>;
  unusable: HostDocument['closed'];
} {
  const services: Record<string, Upstream> = {};
  for (const { route } of rows.route.spec.routes) {
    const spec = rows.services.get(route.service);
    const upstream = spec === undefined ? undefined : compileService(spec, rows.secrets);
    if (upstream === undefined) {
      const message = `service "${route.service}" is missing, or a secret or target of it cannot be used`;
      return { services: {}, unusable: { reason: 'service_unusable', message } };
    }
    services[route.service] = upstream;
  }
  return { services, unusable: null };
}
