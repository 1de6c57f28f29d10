import { LIMITS } from './limits.ts';

/**
 * What an editor shows at one place of a document, and what JSON Schema can say there that the zod schema says in code.
 * Keys are paths into a document with `*` for any item of a list and any key of a map.
 */
export interface Annotation {
  readonly description: string;
  /** Further keywords of draft-07. */
  readonly also?: Readonly<Record<string, unknown>>;
}
type Annotations = Readonly<Record<string, Annotation>>;

const note = (description: string, also?: Annotation['also']): Annotation =>
  also === undefined ? { description } : { description, also };

const ENVELOPE: Annotations = {
  '/kind': note('What this document describes.'),
  '/name': note(
    'Name inside the project: lower-case letters, digits and inner hyphens, 63 characters at most.',
  ),
  '/labels': note('Labels to select by; left out: the labels stay as they are.', {
    maxProperties: LIMITS.labelsMax,
  }),
  '/labels/*': note('Value of the label, 63 characters at most.'),
};

const HOST = '^(\\*\\.)?[^\\s*_:/\\\\?#@%,;|<>^"\'`{}!$&()+=~\\[\\]]+$';
const PREFIX =
  '^(?!.*//)(?!.*/(\\.|%2[eE]){1,2}(/|$))(?!.*%(?![0-9a-fA-F]{2}))/[\\u0021\\u0022\\u0024-\\u003e\\u0040-\\u005b\\u005d-\\u007e]*$';
const TARGET = '^(http|https|h2c)://[^/?#@]+/?$';

const subjectMatches = (place: string): Annotations => ({
  [place]: note('Matchers over the CN and every DNS name of the certificate, without case; any hit admits.'),
  [`${place}/*`]: note('One matcher: exactly one of exact, hasPrefix, hasSuffix and regex.', {
    oneOf: [
      { required: ['exact'] },
      { required: ['hasPrefix'] },
      { required: ['hasSuffix'] },
      { required: ['regex'] },
    ],
  }),
  [`${place}/*/exact`]: note('The whole name.'),
  [`${place}/*/observe`]: note('Decides nothing yet: whose verdict it would change is recorded.'),
  [`${place}/*/hasPrefix`]: note('How the name begins.'),
  [`${place}/*/hasSuffix`]: note('How the name ends.'),
  [`${place}/*/regex`]: note(
    'A regular expression (RE2: no look-around, no back-references) over the whole name.',
  ),
});

const ROUTE: Annotations = {
  '/spec': note('Where the paths of one host lead, and whom it admits.', {
    if: {
      required: ['validation'],
      properties: { validation: { required: ['clientCertificate'] } },
    },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ['tls'], properties: { tls: { required: ['clientValidationCa'] } } },
  }),
  '/spec/host': note(
    'The host to serve, like shop.example.org, or *.example.org for every name one label below.',
    {
      pattern: HOST,
      minLength: 1,
      maxLength: LIMITS.hostInputCharsMax,
    },
  ),
  '/spec/tls': note('Which certificates this host uses and trusts.'),
  '/spec/tls/clientValidationCa': note(
    'The tls-ca secret that client certificates must come from; with it every client needs one.',
  ),
  '/spec/tls/clientValidationCa/name': note('Name of a tls-ca secret.'),
  '/spec/tls/clientValidationCa/mode': note(
    'With observe everybody is let in, and who would be refused is recorded.',
    { default: 'enforce' },
  ),
  '/spec/tls/clientValidationCa/next': note(
    'The tls-ca secret that takes its place; while it stands here, both are trusted.',
  ),
  '/spec/tls/clientValidationCa/next/name': note('Name of a tls-ca secret.'),
  '/spec/tls/serverCertificate': note(
    'The tls secret to serve; without it Postern gets a certificate itself.',
  ),
  '/spec/tls/serverCertificate/name': note('Name of a tls secret.'),
  '/spec/tls/onUntrusted': note(
    'What a client without a trusted certificate meets: close (the default) ends its handshake, page answers 403 and says why.',
  ),
  '/spec/validation': note('Which clients are admitted.'),
  '/spec/validation/clientCertificate': note(
    'Whose certificates are admitted; needs tls.clientValidationCa.',
  ),
  ...subjectMatches('/spec/validation/clientCertificate/subjectMatches'),
  '/spec/validation/httpBasic': note('Users and passwords that are asked for.'),
  '/spec/validation/httpBasic/realm': note('What the browser shows beside the question.'),
  '/spec/validation/httpBasic/passwordHashes': note(
    'By user name: sha256:, sha384: or sha512: and the digest of the password in base64.',
    {
      minProperties: 1,
      maxProperties: LIMITS.basicUsersMax,
    },
  ),
  '/spec/validation/httpBasic/passwordHashes/*': note('Hash of the password of this user.'),
  '/spec/clientIdentity': note('How services learn who an admitted client is; needs a client CA.'),
  '/spec/clientIdentity/headers': note(
    'client-cert (RFC 9440, the default), xfcc (X-Forwarded-Client-Cert as Envoy writes it), x-client or none.',
  ),
  '/spec/clientIdentity/jwt': note(
    'A signed token beside the headers, in X-Client-Jwt; an empty block is enough.',
  ),
  '/spec/clientIdentity/jwt/audience': note('The claim aud; the host when absent.', {
    pattern: '^[\\u0021-\\u007e]*$',
  }),
  '/spec/clientIdentity/jwt/ttlSeconds': note('Seconds that a token holds, 5 to 60; 60 when absent.'),
  '/spec/corsPolicy': note('Which pages of other origins may call this host.'),
  '/spec/corsPolicy/allowOrigins': note('Origins, or "*" for all.'),
  '/spec/corsPolicy/allowOrigins/*': note('Scheme, host and port only, like https://shop.example.org.', {
    pattern: '^(\\*|https?://[^/?#@\\s]+)$',
  }),
  '/spec/corsPolicy/allowMethods': note('Methods that such pages may use.'),
  '/spec/corsPolicy/allowMethods/*': note('A method, like GET.'),
  '/spec/routes': note('The rules; the one with the longest prefix that fits is used.'),
  '/spec/routes/*': note('One prefix that leads to a service.'),
  '/spec/routes/*/name': note('A name for people.'),
  '/spec/routes/*/prefix': note('How the path begins: literal, with case; it stays in the path.', {
    pattern: PREFIX,
  }),
  '/spec/routes/*/route': note('Where requests go.'),
  '/spec/routes/*/route/service': note('Name of a service.'),
  '/spec/routes/*/enableWebsockets': note('Whether WebSockets are let through.'),
  '/spec/routes/*/clientCertificate': note(
    'Whom this rule admits: the clients of a CA of its own, or some of those that the host admits.',
    { minProperties: 1 },
  ),
  '/spec/routes/*/clientCertificate/ca': note(
    'The tls-ca secret that clients of this rule must come from, in place of tls.clientValidationCa.',
  ),
  '/spec/routes/*/clientCertificate/ca/name': note('Name of a tls-ca secret.'),
  ...subjectMatches('/spec/routes/*/clientCertificate/subjectMatches'),
};

const reference = (place: string, what: string, name: string): Annotations => ({
  [place]: note(what),
  [`${place}/name`]: note(name),
});

const SERVICE: Annotations = {
  '/spec': note('A named upstream: where requests go, how that leg is secured, and how long it may take.'),
  '/spec/targets': note('The addresses, used in turns.'),
  '/spec/targets/*': note('http://, https:// or h2c:// with host and port, or {url, weight}.', {
    pattern: TARGET,
  }),
  '/spec/targets/*/url': note('http://, https:// or h2c:// with host and port.', { pattern: TARGET }),
  '/spec/targets/*/weight': note(
    'Share of the work: one of weight 3 gets three times as much as one of weight 1, the default.',
  ),
  '/spec/tls': note('How https:// targets are checked, and who we are to them.'),
  ...reference(
    '/spec/tls/ca',
    'The CA that alone is trusted for the targets; without it the public roots are.',
    'Name of a tls-ca secret.',
  ),
  ...reference(
    '/spec/tls/clientCertificate',
    'The certificate shown to the targets.',
    'Name of a tls secret.',
  ),
  '/spec/hostHeader': note("Which Host goes on: the client's (the default) or the target's own."),
  '/spec/timeouts': note('How long the upstream may take.'),
  '/spec/timeouts/connectMs': note('Milliseconds to a connected (and secured) upstream; 5,000 when absent.'),
  '/spec/timeouts/responseHeadMs': note(
    'Milliseconds from the sent request to the response head; 60,000 when absent.',
  ),
  '/spec/timeouts/idleBodyMs': note(
    'Milliseconds without a byte in either body; 300,000 when absent; not for WebSocket, gRPC and event streams.',
  ),
  '/spec/maxBodyBytes': note('Bytes. Larger request bodies are answered 413; unlimited when absent.'),
  '/spec/healthCheck': note('How edges check the targets by themselves: exactly one of http, grpc and tcp.', {
    oneOf: [{ required: ['http'] }, { required: ['grpc'] }, { required: ['tcp'] }],
  }),
  '/spec/healthCheck/http': note('A GET that must be answered with one of the statuses.'),
  '/spec/healthCheck/http/path': note('Path and query of the request.', { not: { pattern: '#' } }),
  '/spec/healthCheck/http/statuses': note('Statuses that count as healthy; without any every 2xx does.'),
  '/spec/healthCheck/http/statuses/*': note('A status from 200 to 599.'),
  '/spec/healthCheck/http/host': note("Host of the request; the target's own when absent."),
  '/spec/healthCheck/grpc': note('The gRPC health checking protocol, over h2c:// and https:// targets.'),
  '/spec/healthCheck/grpc/service': note('The service asked about; without one the server as a whole.'),
  '/spec/healthCheck/tcp': note('A connection, and for https:// targets a verified handshake.'),
  '/spec/healthCheck/intervalMs': note('Milliseconds between two checks of one target; 10,000 when absent.'),
  '/spec/healthCheck/timeoutMs': note(
    'Milliseconds until a check has failed, at most the interval; 2,000 when absent.',
  ),
  '/spec/healthCheck/healthyAfter': note(
    'Checks in a row that must succeed before a target is used again; 2 when absent.',
  ),
  '/spec/healthCheck/unhealthyAfter': note(
    'Checks in a row that must fail before a target is left out; 3 when absent.',
  ),
};

const SECRET: Annotations = {
  '/spec': note(
    'The values in the text or by their files, or neither: then such a secret must exist already.',
  ),
  '/spec/type': note('tls-ca, tls, generic, symmetric or asymmetric.'),
  '/spec/cert': note('Certificates in PEM; a chain is leaf-most first.'),
  '/spec/certFile': note('File of the certificates, relative to this document.'),
  '/spec/key': note('Private key in unencrypted PEM.'),
  '/spec/keyFile': note('File of the private key, relative to this document.'),
  '/spec/ca': note('Further certificates of the chain, in PEM.'),
  '/spec/caFile': note('File of further certificates of the chain, relative to this document.'),
  '/spec/data': note('Values in base64, by key.'),
  '/spec/data/*': note('A value in base64.'),
  '/spec/stringData': note('Values as plain text, by key.'),
  '/spec/stringData/*': note('A value as plain text.'),
  '/spec/dataFiles': note('Files of values, by key, relative to this document.'),
  '/spec/dataFiles/*': note('File of a value.'),
  '/spec/secretKey': note('The key in base64.'),
  '/spec/secretKeyFile': note('File of the key, relative to this document.'),
  '/spec/privateKey': note('Private key in unencrypted PEM.'),
  '/spec/privateKeyFile': note('File of the private key, relative to this document.'),
  '/spec/publicKey': note('Public key in PEM.'),
  '/spec/publicKeyFile': note('File of the public key, relative to this document.'),
  '/spec/keys': note('Key names that the existing secret must have; written by an export.'),
  '/spec/keys/*': note('A key name.'),
  '/spec/fingerprints': note(
    'SHA-256 fingerprints that the existing secret must have; written by an export.',
  ),
  '/spec/fingerprints/*': note('A SHA-256 fingerprint in lower-case hex.'),
};

/** The annotations of each kind of document. */
export const DOCUMENT_ANNOTATIONS = {
  secret: { ...ENVELOPE, ...SECRET },
  service: { ...ENVELOPE, ...SERVICE },
  route: { ...ENVELOPE, ...ROUTE },
} as const satisfies Record<string, Annotations>;
