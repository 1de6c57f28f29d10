import type { z } from 'zod';
import type { CHANGE_BODIES, ChangeKind } from './change.ts';
import { CLIENT_IDENTITY_HEADERS } from './identity-headers.ts';
import { LIMITS } from './limits.ts';
import { normaliseHostname } from './normalise-hostname.ts';
import { REVOCATION_REASONS } from './revocation-reasons.ts';
import {
  integer,
  listOf,
  objectOf,
  oneOf,
  orNull,
  recordOf,
  type Shape,
  shapeThat,
  textOf,
  valueThat,
  variantsOf,
} from './shape.ts';
import { WEIGHT_MAX } from './target-limits.ts';

// No schema is here: see plain/index.ts. Every form below is that of a schema in CHANGE_BODIES; document-shapes.test.ts holds both equal.

const text = textOf();
const some = (charsMax: number) => textOf({ charsMax, pattern: /./s });
const instant = valueThat((value) => typeof value === 'string' && isInstant(value));
const base64 = textOf({
  pattern: /^(?:[0-9a-zA-Z+/]{4})*(?:[0-9a-zA-Z+/]{2}==|[0-9a-zA-Z+/]{3}=)?$/,
});

/** `2026-01-31T23:59:59Z`, with or without parts of seconds, of a day that there is. */
function isInstant(value: string): boolean {
  const parts = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z$/.exec(value);
  if (parts?.[1] === undefined) return false;
  const day = new Date(`${parts[1]}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(parts[1]);
}

const pattern = some(LIMITS.patternCharsMax);
const MATCHER_KEYS = ['exact', 'hasPrefix', 'hasSuffix', 'regex'] as const;
const subjectMatcher = shapeThat(
  objectOf(
    {},
    { exact: pattern, hasPrefix: pattern, hasSuffix: pattern, regex: pattern, observe: oneOf(true) },
  ),
  (matcher) => MATCHER_KEYS.filter((key) => matcher[key] !== undefined).length === 1,
);
const subjectMatches = listOf(subjectMatcher, 1);

const target = objectOf(
  { protocol: oneOf('http', 'https', 'h2c'), host: text, port: integer(1, 65_535) },
  { weight: integer(1, WEIGHT_MAX) },
);

const healthCheck = objectOf({
  way: variantsOf('kind', {
    http: objectOf({ kind: text, path: text, statuses: orNull(listOf(integer())), host: orNull(text) }),
    grpc: objectOf({ kind: text, service: text }),
    tcp: objectOf({ kind: text }),
  }),
  intervalMs: integer(1),
  timeoutMs: integer(1),
  healthyAfter: integer(1),
  unhealthyAfter: integer(1),
});

const upstream = objectOf(
  {
    targets: listOf(target, 1),
    trustBundle: orNull(text),
    clientCertificate: orNull(text),
    hostHeader: oneOf('client', 'target'),
    connectMs: integer(),
    responseHeadMs: integer(),
    idleBodyMs: integer(),
    maxBodyBytes: orNull(integer()),
  },
  { healthCheck },
);

const rule = objectOf(
  { name: orNull(text), prefix: text, service: text, enableWebsockets: oneOf(true, false) },
  {
    clientCertificate: shapeThat(
      objectOf({}, { trustBundle: text, subjectMatches }),
      (demand) => demand.trustBundle !== undefined || demand.subjectMatches !== undefined,
    ),
  },
);

const clientCertificate = objectOf(
  {
    mode: oneOf('require', 'request'),
    trustBundle: orNull(text),
    subjectMatches: orNull(subjectMatches),
  },
  {
    nextTrustBundle: text,
    observe: oneOf(true),
    onUntrusted: oneOf('page'),
    revocations: oneOf(true),
    crls: listOf(text, 1),
  },
);

const userName = textOf({ charsMax: 256, pattern: /^[^\u0000-\u001f\u007f:]+$/ });
const passwordHash = textOf({
  pattern: /^(sha256:[A-Za-z0-9+/]{43}=|sha384:[A-Za-z0-9+/]{64}|sha512:[A-Za-z0-9+/]{86}==)$/,
});
const httpBasic = objectOf({
  realm: textOf({ charsMax: 256, pattern: /^[\u0020-\u007e]+$/ }),
  passwordHashes: shapeThat(recordOf(userName, passwordHash), (hashes) => {
    const users = Object.keys(hashes).length;
    return users > 0 && users <= LIMITS.basicUsersMax;
  }),
});

const origin = valueThat((value) => {
  if (typeof value !== 'string') return false;
  if (value === '*') return true;
  const url = URL.parse(value);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.origin === value;
});
const cors = objectOf(
  { allowOrigins: listOf(origin, 1, LIMITS.corsOriginsMax) },
  {
    allowMethods: listOf(
      textOf({ charsMax: 64, pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/ }),
      0,
      LIMITS.corsMethodsMax,
    ),
  },
);

const host = objectOf(
  {
    host: text,
    project: text,
    route: text,
    closed: orNull(objectOf({ reason: text, message: text })),
    certificate: orNull(text),
    clientCertificate: orNull(clientCertificate),
    httpBasic: orNull(httpBasic),
    cors: orNull(cors),
    rules: listOf(rule),
    services: recordOf(text, upstream),
  },
  {
    clientIdentity: objectOf(
      { headers: oneOf(...CLIENT_IDENTITY_HEADERS) },
      { jwt: objectOf({ audience: text, ttlSeconds: integer() }) },
    ),
  },
);

const certificate = objectOf({
  chainPem: text,
  sealedKey: text,
  names: listOf(text),
  notBefore: instant,
  notAfter: instant,
  fingerprint: text,
});

const answer = {
  type: text,
  // Stored as it is looked up.
  host: valueThat((value) => {
    const read = typeof value === 'string' ? normaliseHostname(value) : {};
    return 'host' in read && read.host === value;
  }),
  keyAuthorization: textOf({ charsMax: 400, pattern: /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/ }),
  expiresAt: integer(0),
};
const challenge = variantsOf('type', {
  'http-01': objectOf({ ...answer, token: textOf({ charsMax: 200, pattern: /^[A-Za-z0-9_-]+$/ }) }),
  'tls-alpn-01': objectOf(answer),
});

const revocation = objectOf({
  entries: listOf(
    objectOf({
      id: text,
      client: variantsOf('by', {
        fingerprint: objectOf({ by: text, fingerprint: text }),
        serial: objectOf({ by: text, serialNumber: text, issuerKey: text }),
        subject: objectOf({ by: text, subject: text }),
      }),
      reason: oneOf(...REVOCATION_REASONS),
      route: orNull(text),
      ca: orNull(text),
    }),
  ),
});

const times = { id: text, sealedKey: text, createdAt: instant, expiresAt: instant };

const SHAPES: Readonly<Record<ChangeKind, Shape>> = {
  host,
  'trust-bundle': objectOf({ contentHash: text, anchorsPem: listOf(text, 1) }),
  certificate,
  challenge,
  crl: objectOf({ policy: oneOf('hard', 'soft'), list: base64, signerKey: base64 }),
  'identity-keys': objectOf({
    keys: listOf(objectOf({ ...times, x: text, y: text, signsFrom: instant }), 1, 8),
  }),
  revocation,
  'ticket-keys': objectOf({ keys: listOf(objectOf(times), 1, 4) }),
};

/** What the schema of a kind gives. */
export type DocumentBody<K extends ChangeKind> = z.output<(typeof CHANGE_BODIES)[K]>;

/**
 * Reads the body of a change at the present format without schemas; `at` is a JSON pointer to what is wrong. Accepts what the schema in
 * CHANGE_BODIES accepts and leaves as it is: a challenge's host must be in its stored form, as the store writes it.
 */
export function readDocument<K extends ChangeKind>(
  kind: K,
  body: unknown,
): { ok: true; body: DocumentBody<K> } | { ok: false; at: string } {
  const at = SHAPES[kind](body, '');
  return at === null ? { ok: true, body: body as DocumentBody<K> } : { ok: false, at };
}
