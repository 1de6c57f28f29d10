import { z } from 'zod';
import { ruleCaNamesOf } from './client-cas.ts';
import { CLIENT_IDENTITY_HEADERS } from './identity-headers.ts';
import { LIMITS } from './limits.ts';
import { hostname, resourceName } from './names.ts';

const MATCHER_KEYS = ['exact', 'hasPrefix', 'hasSuffix', 'regex'] as const;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const reference = z.strictObject({ name: resourceName });
const pattern = z
  .string()
  .min(1, 'an empty pattern would match every name')
  .max(LIMITS.patternCharsMax, `a pattern has at most ${LIMITS.patternCharsMax} characters`);

/** One way to match a certificate's CN or DNS names: exactly one of the four keys. With `observe` it decides nothing yet; docs/rollout.md. */
export const subjectMatcher = z
  .strictObject({
    exact: pattern.optional(),
    hasPrefix: pattern.optional(),
    hasSuffix: pattern.optional(),
    regex: pattern.optional(),
    observe: z.literal(true).optional(),
  })
  .superRefine((matcher, context) => {
    const set = MATCHER_KEYS.filter((key) => matcher[key] !== undefined);
    if (set.length === 1) return;
    context.addIssue({
      code: 'custom',
      message:
        set.length === 0
          ? 'a matcher sets one of exact, hasPrefix, hasSuffix, regex'
          : `a matcher sets one key, not ${set.join(' and ')}`,
      params: { code: 'matcher_keys', hint: 'write each as a list item of its own: any of them admits' },
    });
  });
export type SubjectMatcher = z.infer<typeof subjectMatcher>;

const prefix = z
  .string()
  .max(LIMITS.prefixCharsMax)
  .superRefine((text, context) => {
    const problem = problemOfPrefix(text);
    if (problem !== undefined)
      context.addIssue({ code: 'custom', message: problem, params: { code: 'prefix' } });
  });

function problemOfPrefix(text: string): string | undefined {
  if (!text.startsWith('/')) return 'a prefix begins with "/"';
  if (/[^\u0021-\u007e]/.test(text)) return 'a prefix holds visible ASCII only; percent-encode the rest';
  if (/[\\#?]/.test(text)) return 'a prefix holds no backslash, "#" or "?"';
  if (text.includes('//')) return 'a prefix holds no "//"';
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(text)) return 'a prefix holds no "." or ".." segment';
  if (/%(?![0-9a-f]{2})/i.test(text)) return 'a "%" in a prefix begins an escape of two hex digits';
  return undefined;
}

/** One prefix that leads to a service. The prefix is literal and stays in the path (KX37). */
export const rule = z.strictObject({
  name: z.string().min(1).max(LIMITS.resourceNameCharsMax).optional(),
  prefix,
  route: z.strictObject({ service: resourceName }),
  enableWebsockets: z.boolean().optional(),
  clientCertificate: z
    .strictObject({
      ca: reference.optional(),
      subjectMatches: z
        .array(subjectMatcher)
        .min(
          1,
          'at least one matcher is needed; leave clientCertificate out to admit whoever the host admits',
        )
        .max(LIMITS.matchersMax)
        .optional(),
    })
    .refine(({ ca, subjectMatches }) => ca !== undefined || subjectMatches !== undefined, {
      message:
        'clientCertificate demands nothing: name a ca or subjectMatches, or leave it out to admit whoever the host admits',
    })
    .optional(),
});
export type Rule = z.infer<typeof rule>;

const passwordHash = z
  .string()
  .regex(
    /^(sha256:[A-Za-z0-9+/]{43}=|sha384:[A-Za-z0-9+/]{64}|sha512:[A-Za-z0-9+/]{86}==)$/,
    'a password hash is sha256:, sha384: or sha512: and the digest in base64',
  );

export const httpBasic = z.strictObject({
  realm: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[\u0020-\u007e]*$/, 'a realm holds printable ASCII only'),
  passwordHashes: z
    .record(
      z
        .string()
        .min(1)
        .max(256)
        .regex(/^[^\u0000-\u001f\u007f:]+$/, 'a user name holds no colon or control character'),
      passwordHash,
    )
    .refine((hashes) => Object.keys(hashes).length > 0, 'at least one user is needed')
    .refine(
      (hashes) => Object.keys(hashes).length <= LIMITS.basicUsersMax,
      `at most ${LIMITS.basicUsersMax} users`,
    ),
});
export type HttpBasic = z.infer<typeof httpBasic>;

const origin = z.string().refine((text) => {
  if (text === '*') return true;
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.origin === text;
}, 'an origin is scheme, host and port only, like https://shop.example.org, or "*"');

export const corsPolicy = z.strictObject({
  allowOrigins: z.array(origin).min(1, 'at least one origin is needed').max(LIMITS.corsOriginsMax),
  allowMethods: z
    .array(z.string().max(64).regex(TOKEN, 'this is not a method name'))
    .max(LIMITS.corsMethodsMax)
    .optional(),
});
export type CorsPolicy = z.infer<typeof corsPolicy>;

/** Seconds that an identity token holds where a route says nothing; also the most it may say. */
export const IDENTITY_TOKEN_SECONDS_MAX = 60;
/** Seconds. Shorter ones would end on the way, where clocks differ. */
const IDENTITY_TOKEN_SECONDS_MIN = 5;

export const clientIdentity = z.strictObject({
  headers: z.enum(CLIENT_IDENTITY_HEADERS).optional(),
  jwt: z
    .strictObject({
      audience: z
        .string()
        .min(1)
        .max(256)
        .regex(/^[\u0021-\u007e]*$/, 'an audience holds visible ASCII only')
        .optional(),
      ttlSeconds: z.int().min(IDENTITY_TOKEN_SECONDS_MIN).max(IDENTITY_TOKEN_SECONDS_MAX).optional(),
    })
    .optional(),
});

/** Whether the demand for a client certificate is enforced, or only watched; docs/rollout.md. */
export const CLIENT_CA_MODES = ['enforce', 'observe'] as const;
export type ClientCaMode = (typeof CLIENT_CA_MODES)[number];

/** The CA that vouches for clients; while `next` is there it does as well: a rotation is under way. */
const clientValidationCa = z.strictObject({
  name: resourceName,
  mode: z.enum(CLIENT_CA_MODES).optional(),
  next: reference.optional(),
});

/** A route's descriptor: what the customer writes, in YAML or JSON. */
export const routeDescriptor = z
  .strictObject({
    host: hostname,
    tls: z
      .strictObject({
        clientValidationCa: clientValidationCa.optional(),
        serverCertificate: reference.optional(),
        onUntrusted: z.enum(['close', 'page']).optional(),
      })
      .optional(),
    validation: z
      .strictObject({
        clientCertificate: z
          .strictObject({
            subjectMatches: z
              .array(subjectMatcher)
              .min(
                1,
                'at least one matcher is needed; leave clientCertificate out to admit whoever the CA vouches for',
              )
              .max(LIMITS.matchersMax),
          })
          .optional(),
        httpBasic: httpBasic.optional(),
      })
      .optional(),
    clientIdentity: clientIdentity.optional(),
    corsPolicy: corsPolicy.optional(),
    routes: z.array(rule).min(1, 'a route needs at least one rule').max(LIMITS.rulesMax),
  })
  .superRefine((route, context) => {
    if (route.validation?.clientCertificate !== undefined && route.tls?.clientValidationCa === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['validation', 'clientCertificate'],
        message:
          'clientCertificate needs tls.clientValidationCa: without a client CA no certificate is asked for',
        params: {
          code: 'client_ca_missing',
          hint: 'add tls.clientValidationCa.name with the name of a tls-ca secret',
        },
      });
    }
    const hasCa = route.tls?.clientValidationCa !== undefined;
    const unfounded = route.routes.findIndex(
      ({ clientCertificate }) => clientCertificate !== undefined && clientCertificate.ca === undefined,
    );
    if (unfounded !== -1 && !hasCa) {
      context.addIssue({
        code: 'custom',
        path: ['routes', unfounded, 'clientCertificate'],
        message:
          'clientCertificate needs a ca of its own or tls.clientValidationCa: without a client CA no certificate is trusted',
        params: {
          code: 'client_ca_missing',
          hint: 'add ca.name beside subjectMatches, with the name of a tls-ca secret',
        },
      });
    }
    const ruleCas = ruleCaNamesOf(route);
    if (ruleCas.length > LIMITS.ruleCasMax) {
      context.addIssue({
        code: 'custom',
        path: ['routes'],
        message: `the rules of a route name at most ${LIMITS.ruleCasMax} CAs together`,
        params: { code: 'too_many_cas', hint: 'put CAs that are demanded together into one tls-ca secret' },
      });
    }
    const matchers = route.routes.reduce(
      (sum, { clientCertificate }) => sum + (clientCertificate?.subjectMatches?.length ?? 0),
      0,
    );
    if (matchers > LIMITS.matchersMax) {
      context.addIssue({
        code: 'custom',
        path: ['routes'],
        message: `the rules of a route have at most ${LIMITS.matchersMax} matchers together`,
        params: { code: 'too_many_matchers', hint: 'match several names by one suffix or expression' },
      });
    }
    if (route.tls?.onUntrusted !== undefined && route.tls.clientValidationCa === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['tls', 'onUntrusted'],
        message: 'onUntrusted needs tls.clientValidationCa: without a client CA nobody is refused',
        params: {
          code: 'client_ca_missing',
          hint: 'add tls.clientValidationCa.name with the name of a tls-ca secret',
        },
      });
    }
    if (route.clientIdentity !== undefined && !hasCa && ruleCas.length === 0) {
      context.addIssue({
        code: 'custom',
        path: ['clientIdentity'],
        message: 'clientIdentity needs tls.clientValidationCa: without a client CA nobody has an identity',
        params: {
          code: 'client_ca_missing',
          hint: 'add tls.clientValidationCa.name with the name of a tls-ca secret',
        },
      });
    }
    const ca = route.tls?.clientValidationCa;
    const observedDemand = route.routes.findIndex(
      (rule) => 'clientCertificate' in rule && rule.clientCertificate,
    );
    if (ca?.mode === 'observe' && observedDemand !== -1) {
      context.addIssue({
        code: 'custom',
        path: ['routes', observedDemand, 'clientCertificate'],
        message: 'a rule demands nothing of clients while the client CA is only observed',
        params: { code: 'observed_rule_demand', hint: 'leave it out until mode is enforce' },
      });
    }
    const matches = route.validation?.clientCertificate?.subjectMatches ?? [];
    const observedMatcher = matches.findIndex(({ observe }) => observe === true);
    if (ca?.mode === 'observe' && observedMatcher !== -1) {
      context.addIssue({
        code: 'custom',
        path: ['validation', 'clientCertificate', 'subjectMatches', observedMatcher, 'observe'],
        message: 'the client CA is only observed, and every matcher with it',
        params: { code: 'observed_twice', hint: 'leave it out: `mode: observe` says it of all of them' },
      });
    }
    if (ca?.next !== undefined && ca.next.name === ca.name) {
      context.addIssue({
        code: 'custom',
        path: ['tls', 'clientValidationCa', 'next', 'name'],
        message: `"${ca.name}" is the present client CA already`,
        params: { code: 'rotation_to_itself', hint: 'name the tls-ca secret that takes its place' },
      });
    }
    const seen = new Map<string, number>();
    for (const [index, { prefix: text }] of route.routes.entries()) {
      const first = seen.get(text);
      if (first === undefined) seen.set(text, index);
      else {
        context.addIssue({
          code: 'custom',
          path: ['routes', index, 'prefix'],
          message: `prefix "${text}" is already that of rule ${first + 1}`,
          params: { code: 'duplicate_prefix' },
        });
      }
    }
  })
  .meta({ id: 'RouteDescriptor' });
export type RouteDescriptor = z.infer<typeof routeDescriptor>;
