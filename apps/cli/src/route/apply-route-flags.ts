import {
  type ClientCaMode,
  type ClientIdentityHeaders,
  type CorsPolicy,
  type HttpBasic,
  nearest,
  type SubjectMatcher,
} from '@postern/contracts';
import { usageFailure } from '../cli-failure.ts';
import { hashCredentials } from './basic-credentials.ts';
import { mergePathCas } from './path-client-ca.ts';
import { parseSubjectFlag } from './subject-flag.ts';

/** The flags of `route create` and `route update` that describe the route; absent ones change nothing. */
export interface RouteFlags {
  readonly hostname?: string | undefined;
  /** `/prefix=service`, split at the last `=`. */
  readonly path?: readonly string[] | undefined;
  readonly 'client-ca-secret'?: string | undefined;
  /** `/prefix=secret`, split at the last `=`. */
  readonly 'path-client-ca'?: readonly string[] | undefined;
  readonly 'client-certificate-subject'?: readonly string[] | undefined;
  readonly 'on-untrusted'?: string | undefined;
  readonly 'client-ca-mode'?: string | undefined;
  readonly 'client-identity-headers'?: string | undefined;
  readonly 'client-identity-jwt'?: boolean | undefined;
  readonly 'client-identity-jwt-audience'?: string | undefined;
  readonly 'server-certificate-secret'?: string | undefined;
  readonly 'cors-origin'?: readonly string[] | undefined;
  readonly 'cors-method'?: readonly string[] | undefined;
  readonly 'http-basic-realm'?: string | undefined;
  /** `user=password`, split at the first `=`. */
  readonly 'http-basic-credentials'?: readonly string[] | undefined;
  readonly 'remove-path'?: readonly string[] | undefined;
  readonly 'remove-client-ca-secret'?: boolean | undefined;
  /** Prefixes. */
  readonly 'remove-path-client-ca'?: readonly string[] | undefined;
  /** Drops all subjects. */
  readonly 'remove-client-certificate-subject'?: boolean | undefined;
  readonly 'remove-client-identity'?: boolean | undefined;
  readonly 'remove-server-certificate-secret'?: boolean | undefined;
  readonly 'remove-cors-origin'?: readonly string[] | undefined;
  readonly 'remove-cors-method'?: readonly string[] | undefined;
  readonly 'remove-http-basic'?: boolean | undefined;
}

/** A descriptor before it is checked: flags give text that only the contracts judge. */
export interface DraftDescriptor {
  host?: string;
  tls?: { clientValidationCa?: DraftCa; serverCertificate?: { name: string }; onUntrusted?: OnUntrusted };
  validation?: { clientCertificate?: { subjectMatches: SubjectMatcher[] }; httpBasic?: HttpBasic };
  clientIdentity?: DraftIdentity;
  corsPolicy?: CorsPolicy;
  routes: DraftRule[];
}

interface DraftCa {
  name: string;
  mode?: ClientCaMode | undefined;
  next?: { name: string } | undefined;
}

type OnUntrusted = 'close' | 'page';

interface DraftIdentity {
  headers?: ClientIdentityHeaders | undefined;
  jwt?: { audience?: string | undefined; ttlSeconds?: number | undefined } | undefined;
}

interface DraftRule {
  name?: string | undefined;
  prefix: string;
  route: { service: string };
  enableWebsockets?: boolean | undefined;
  clientCertificate?:
    | { ca?: { name: string } | undefined; subjectMatches?: SubjectMatcher[] | undefined }
    | undefined;
}

/** What flags are merged into: a route's descriptor, or nothing when it is created. */
export interface BaseDescriptor {
  readonly host: string;
  readonly tls?:
    | {
        clientValidationCa?: DraftCa | undefined;
        serverCertificate?: { name: string } | undefined;
        onUntrusted?: OnUntrusted | undefined;
      }
    | undefined;
  readonly validation?:
    | {
        clientCertificate?: { subjectMatches: SubjectMatcher[] } | undefined;
        httpBasic?: HttpBasic | undefined;
      }
    | undefined;
  readonly clientIdentity?: DraftIdentity | undefined;
  readonly corsPolicy?: CorsPolicy | undefined;
  readonly routes: readonly DraftRule[];
}

/**
 * Merges flags into a descriptor, removals first, then additions; the given descriptor stays as it is. Values are not
 * checked here, only what no descriptor could tell: malformed flags, removals of what is not there, and parts that
 * would lose their meaning (subjects without a CA). Usage failures.
 */
export function applyRouteFlags(base: BaseDescriptor | undefined, flags: RouteFlags): DraftDescriptor {
  const host = flags.hostname ?? base?.host;
  const tls = mergeTls(base, flags);
  const clientCertificate = mergeSubjects(base, flags, tls?.clientValidationCa !== undefined);
  const httpBasic = mergeBasic(base?.validation?.httpBasic, flags);
  const routes = mergePathCas(
    mergeRules(base?.routes ?? [], flags),
    flags['path-client-ca'] ?? [],
    flags['remove-path-client-ca'] ?? [],
  );
  const hasRuleCa = routes.some(({ clientCertificate: demand }) => demand?.ca !== undefined);
  const clientIdentity = mergeIdentity(base, flags, tls?.clientValidationCa !== undefined || hasRuleCa);
  const corsPolicy = mergeCors(base?.corsPolicy, flags);
  const validation = {
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(httpBasic === undefined ? {} : { httpBasic }),
  };
  return {
    ...(host === undefined ? {} : { host }),
    ...(tls === undefined ? {} : { tls }),
    ...(Object.keys(validation).length === 0 ? {} : { validation }),
    ...(clientIdentity === undefined ? {} : { clientIdentity }),
    ...(corsPolicy === undefined ? {} : { corsPolicy }),
    routes,
  };
}

function mergeTls(base: BaseDescriptor | undefined, flags: RouteFlags): DraftDescriptor['tls'] {
  const keptCa = flags['remove-client-ca-secret'] ? undefined : base?.tls?.clientValidationCa;
  const keptServer = flags['remove-server-certificate-secret']
    ? undefined
    : base?.tls?.serverCertificate?.name;
  const named = flags['client-ca-secret'];
  if (named !== undefined && keptCa?.next !== undefined && named !== keptCa.name) {
    throw usageFailure(
      `the route is in a rotation from ${keptCa.name} to ${keptCa.next.name}: another CA would turn the clients of both away`,
      'end the rotation first (postern route rotate-ca finish or abort), or add --remove-client-ca-secret',
    );
  }
  const mode = flags['client-ca-mode'] as ClientCaMode | undefined;
  const chosen = named === undefined ? keptCa : { ...keptCa, name: named };
  const ca = chosen === undefined || mode === undefined ? chosen : { ...chosen, mode };
  if (mode !== undefined && ca === undefined) {
    throw usageFailure(
      '--client-ca-mode needs a client CA: without one nobody is refused',
      'add --client-ca-secret with the name of a tls-ca secret',
    );
  }
  const server = flags['server-certificate-secret'] ?? keptServer;
  // The flag takes the words that there are and no others.
  const given = flags['on-untrusted'] as OnUntrusted | undefined;
  const onUntrusted = given ?? base?.tls?.onUntrusted;
  if (given !== undefined && ca === undefined) {
    throw usageFailure(
      '--on-untrusted needs a client CA: without one nobody is refused',
      'add --client-ca-secret with the name of a tls-ca secret',
    );
  }
  if (ca === undefined && server === undefined) return undefined;
  return {
    ...(ca === undefined ? {} : { clientValidationCa: ca }),
    ...(server === undefined ? {} : { serverCertificate: { name: server } }),
    // Goes with the CA, without which nobody is refused.
    ...(ca === undefined || onUntrusted === undefined ? {} : { onUntrusted }),
  };
}

function mergeSubjects(
  base: BaseDescriptor | undefined,
  flags: RouteFlags,
  hasCa: boolean,
): { subjectMatches: SubjectMatcher[] } | undefined {
  const kept = flags['remove-client-certificate-subject']
    ? []
    : (base?.validation?.clientCertificate?.subjectMatches ?? []);
  const added = (flags['client-certificate-subject'] ?? []).map(parseSubjectFlag);
  const all: SubjectMatcher[] = [...kept];
  for (const matcher of added) {
    const at = all.findIndex((other) => samePattern(other, matcher));
    // One that was only observed is enforced from now on.
    if (at === -1) all.push(matcher);
    else all[at] = matcher;
  }
  if (all.length === 0) return undefined;
  if (!hasCa && added.length > 0) {
    throw usageFailure(
      '--client-certificate-subject needs a client CA: without one no certificate is asked for',
      'add --client-ca-secret with the name of a tls-ca secret',
    );
  }
  if (!hasCa) {
    throw usageFailure(
      'the route still has client certificate subjects, which mean nothing without a client CA',
      'add --remove-client-certificate-subject to drop them as well',
    );
  }
  return { subjectMatches: all };
}

function mergeIdentity(
  base: BaseDescriptor | undefined,
  flags: RouteFlags,
  hasCa: boolean,
): DraftIdentity | undefined {
  const kept = flags['remove-client-identity'] ? undefined : base?.clientIdentity;
  // The flag takes the forms that there are and no others.
  const headers = flags['client-identity-headers'] as ClientIdentityHeaders | undefined;
  const audience = flags['client-identity-jwt-audience'];
  const hasToken = flags['client-identity-jwt'] || audience !== undefined;
  if (!hasCa && (headers !== undefined || hasToken)) {
    throw usageFailure(
      `--client-identity-${headers === undefined ? 'jwt' : 'headers'} needs a client CA: without one nobody has an identity`,
      'add --client-ca-secret with the name of a tls-ca secret',
    );
  }
  if (kept !== undefined && !hasCa) {
    throw usageFailure(
      'the route still says how services learn who a client is, which means nothing without a client CA',
      'add --remove-client-identity to drop that as well',
    );
  }
  if (headers === undefined && !hasToken) return kept;
  return {
    ...kept,
    ...(headers === undefined ? {} : { headers }),
    ...(hasToken ? { jwt: { ...kept?.jwt, ...(audience === undefined ? {} : { audience }) } } : {}),
  };
}

function samePattern(a: SubjectMatcher, b: SubjectMatcher): boolean {
  return (
    a.exact === b.exact && a.hasPrefix === b.hasPrefix && a.hasSuffix === b.hasSuffix && a.regex === b.regex
  );
}

function mergeBasic(base: HttpBasic | undefined, flags: RouteFlags): HttpBasic | undefined {
  const kept = flags['remove-http-basic'] ? undefined : base;
  const hashes = new Map(Object.entries(kept?.passwordHashes ?? {}));
  const given = new Set<string>();
  for (const text of flags['http-basic-credentials'] ?? []) {
    const { user, hash } = hashCredentials(text);
    if (given.has(user)) throw usageFailure(`--http-basic-credentials names the user "${user}" twice`);
    given.add(user);
    hashes.set(user, hash);
  }
  const realm = flags['http-basic-realm'] ?? kept?.realm;
  if (realm === undefined && hashes.size === 0) return undefined;
  if (realm === undefined) {
    throw usageFailure('--http-basic-credentials needs a realm', 'add --http-basic-realm TEXT');
  }
  if (hashes.size === 0) {
    throw usageFailure('--http-basic-realm needs a user', 'add --http-basic-credentials USER=PASSWORD');
  }
  return { realm, passwordHashes: Object.fromEntries(hashes) };
}

function mergeCors(base: CorsPolicy | undefined, flags: RouteFlags): CorsPolicy | undefined {
  const addedOrigins = flags['cors-origin'] ?? [];
  const addedMethods = flags['cors-method'] ?? [];
  const origins = without(
    base?.allowOrigins ?? [],
    flags['remove-cors-origin'] ?? [],
    '--remove-cors-origin',
  );
  const methods = without(
    base?.allowMethods ?? [],
    flags['remove-cors-method'] ?? [],
    '--remove-cors-method',
  );
  const allowOrigins = [...new Set([...origins, ...addedOrigins])];
  const allowMethods = [...new Set([...methods, ...addedMethods])];
  if (allowOrigins.length === 0) {
    if (addedMethods.length > 0) {
      throw usageFailure('--cors-method needs an origin', 'add --cors-origin https://HOST');
    }
    // No origin left: nobody is allowed, which is what having no policy means.
    return undefined;
  }
  return { allowOrigins, ...(allowMethods.length === 0 ? {} : { allowMethods }) };
}

function mergeRules(base: readonly DraftRule[], flags: RouteFlags): DraftRule[] {
  const kept = new Set(
    without(
      base.map((rule) => rule.prefix),
      flags['remove-path'] ?? [],
      '--remove-path',
    ),
  );
  const rules = base.filter((rule) => kept.has(rule.prefix));
  const given = new Set<string>();
  for (const text of flags.path ?? []) {
    const { prefix, service } = parsePathFlag(text);
    if (given.has(prefix)) throw usageFailure(`--path names the prefix "${prefix}" twice`);
    given.add(prefix);
    const index = rules.findIndex((rule) => rule.prefix === prefix);
    const present = rules[index];
    // A path that is there already keeps its name and WebSockets and leads to the new service.
    if (present === undefined) rules.push({ prefix, route: { service } });
    else rules[index] = { ...present, route: { service } };
  }
  return rules;
}

/** Reads one `--path /prefix=service`; the last `=` divides, since a prefix may hold one. Usage failure. */
export function parsePathFlag(text: string): { prefix: string; service: string } {
  const equals = text.lastIndexOf('=');
  if (equals <= 0 || equals === text.length - 1) {
    throw usageFailure(`--path "${text}" needs PREFIX=SERVICE`, 'like --path /=echo or --path /cart=cart');
  }
  return { prefix: text.slice(0, equals), service: text.slice(equals + 1) };
}

function without(present: readonly string[], removed: readonly string[], flag: string): string[] {
  for (const value of removed) {
    if (present.includes(value)) continue;
    const near = nearest(value, present);
    const known = present.length === 0 ? 'the route has none' : `the route has ${present.join(', ')}`;
    throw usageFailure(
      `${flag} "${value}": the route has no such value`,
      near === undefined ? known : `did you mean "${near}"?`,
    );
  }
  return present.filter((value) => !removed.includes(value));
}
