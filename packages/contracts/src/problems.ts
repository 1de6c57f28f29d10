import type { WriteConflict } from './field-changes.ts';
import type { Finding } from './findings.ts';

// No schema is here: see plain/index.ts.

/** Who has to act: the one who calls, who wrote the configuration, the routing, the upstream's owner, or Postern's operator. */
export type ProblemOwner = 'client' | 'config' | 'routing' | 'upstream' | 'platform';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly owner: ProblemOwner;
  readonly retryable: boolean;
  readonly meaning: string;
}

/**
 * The one catalogue of what can go wrong, for the API, the edge and the CLI. docs/errors.md holds the same rows (by test).
 * A code is never renamed or reused: programs rely on it.
 */
export const PROBLEMS = {
  // What callers of the API see.
  validation_failed: {
    status: 422,
    title: 'The input is not valid',
    owner: 'config',
    retryable: false,
    meaning: 'Every finding names the place, the reason and often the nearest valid spelling.',
  },
  malformed_body: {
    status: 400,
    title: 'The body could not be read',
    owner: 'client',
    retryable: false,
    meaning: 'The body is not JSON, is nested too deeply, or has a key twice.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is not JSON',
    owner: 'client',
    retryable: false,
    meaning: 'Send Content-Type: application/json.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    owner: 'client',
    retryable: false,
    meaning: 'The request is larger than the limit named in the detail.',
  },
  unauthorized: {
    status: 401,
    title: 'A valid token is needed',
    owner: 'client',
    retryable: false,
    meaning: 'The token is missing, unknown or revoked.',
  },
  forbidden: {
    status: 403,
    title: 'The token may not do this',
    owner: 'client',
    retryable: false,
    meaning: 'The token exists, but its scope does not include this operation.',
  },
  not_found: {
    status: 404,
    title: 'There is no such thing',
    owner: 'client',
    retryable: false,
    meaning: 'The resource does not exist, or the token may not see it.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This path has no such method',
    owner: 'client',
    retryable: false,
    meaning: 'See /openapi.json for the methods of each path.',
  },
  already_exists: {
    status: 409,
    title: 'The name is taken',
    owner: 'config',
    retryable: false,
    meaning:
      'A resource of this kind and name exists with another content; `conflict` says what differs. Update it, or choose another name.',
  },
  version_conflict: {
    status: 409,
    title: 'The resource has changed since it was read',
    owner: 'client',
    retryable: false,
    meaning:
      'If-Match named another version; `conflict` says what changed since. Read it again and repeat the change.',
  },
  in_use: {
    status: 409,
    title: 'Other resources still use this',
    owner: 'config',
    retryable: false,
    meaning: 'The detail names who uses it; change or delete those first.',
  },
  hostname_taken: {
    status: 409,
    title: 'The host is served by another route',
    owner: 'config',
    retryable: false,
    meaning: 'A host belongs to one route of one project.',
  },
  last_admin_token: {
    status: 409,
    title: 'This is the last admin token',
    owner: 'client',
    retryable: false,
    meaning:
      'Without it nobody could use the API; create another one first, or force it: the next start of the API makes a new one.',
  },
  internal: {
    status: 500,
    title: 'Something broke in Postern',
    owner: 'platform',
    retryable: true,
    meaning: 'Not the fault of the call. The request id leads to the log line with the cause.',
  },
  unavailable: {
    status: 503,
    title: 'Postern cannot answer now',
    owner: 'platform',
    retryable: true,
    meaning: 'A part is starting, stopping or overloaded; try again after Retry-After.',
  },
  // What clients of served hosts see.
  bad_request: {
    status: 400,
    title: 'The request is ambiguous or malformed',
    owner: 'client',
    retryable: false,
    meaning: 'Two Hosts, a host that differs from :authority, or an unreadable head.',
  },
  bad_request_target: {
    status: 400,
    title: 'The request target is not acceptable',
    owner: 'client',
    retryable: false,
    meaning:
      'Dot segments, backslash, NUL or "#" in the path, or a spelling that would reach another rule once decoded.',
  },
  misdirected_request: {
    status: 421,
    title: 'This connection does not serve that host',
    owner: 'client',
    retryable: true,
    meaning:
      'The Host is not the name the connection was made for; open a connection for it (RFC 9110 section 15.5.20).',
  },
  no_rule: {
    status: 404,
    title: 'No rule of the route matches the path',
    owner: 'routing',
    retryable: false,
    meaning: 'The host is served, but none of its prefixes begins this path.',
  },
  client_certificate_refused: {
    status: 403,
    title: 'The client certificate is not admitted here',
    owner: 'client',
    retryable: false,
    meaning:
      'The certificate is trusted, but the route allows other subjects; the reason says what was compared.',
  },
  websockets_not_enabled: {
    status: 403,
    title: 'WebSockets are not enabled for this path',
    owner: 'routing',
    retryable: false,
    meaning: 'Set enableWebsockets on the rule.',
  },
  unsupported_upgrade: {
    status: 400,
    title: 'This upgrade is not supported',
    owner: 'client',
    retryable: false,
    meaning: 'Only the upgrade to websocket is.',
  },
  basic_credentials_required: {
    status: 401,
    title: 'A user name and password are needed',
    owner: 'client',
    retryable: false,
    meaning: 'The route demands HTTP basic authentication.',
  },
  content_too_large: {
    status: 413,
    title: 'The request body is too large for this service',
    owner: 'client',
    retryable: false,
    meaning: 'The service sets maxBodyBytes.',
  },
  request_head_too_large: {
    status: 431,
    title: 'The request head is too large',
    owner: 'client',
    retryable: false,
    meaning: 'More than 32 KiB or 100 fields.',
  },
  target_too_long: {
    status: 414,
    title: 'The request target is too long',
    owner: 'client',
    retryable: false,
    meaning: 'More than 16 KiB of path and query.',
  },
  http_version_not_supported: {
    status: 505,
    title: 'The HTTP version is not supported',
    owner: 'client',
    retryable: false,
    meaning: 'The first line of the request names a version other than HTTP/1.0 and HTTP/1.1.',
  },
  request_timeout: {
    status: 408,
    title: 'The request did not arrive in time',
    owner: 'client',
    retryable: true,
    meaning: 'The head took over 10 s, or the body paused for longer than the service allows.',
  },
  unsupported_method: {
    status: 501,
    title: 'This method is not supported',
    owner: 'client',
    retryable: false,
    meaning: 'CONNECT, TRACE and unknown methods are not forwarded.',
  },
  expectation_failed: {
    status: 417,
    title: 'This expectation is not supported',
    owner: 'client',
    retryable: false,
    meaning: 'Only Expect: 100-continue is.',
  },
  upstream_refused: {
    status: 502,
    title: 'The upstream could not be reached',
    owner: 'upstream',
    retryable: true,
    meaning: 'Every target of the service refused or could not be resolved.',
  },
  upstream_tls_failed: {
    status: 502,
    title: 'The upstream could not be trusted',
    owner: 'upstream',
    retryable: false,
    meaning: 'TLS to the target failed: its certificate, its name, or what it demands of us.',
  },
  upstream_invalid: {
    status: 502,
    title: 'The upstream answered with something invalid',
    owner: 'upstream',
    retryable: true,
    meaning: 'The answer broke off before its head was complete, or is not HTTP.',
  },
  upstream_forbidden: {
    status: 502,
    title: 'The target address is not allowed',
    owner: 'config',
    retryable: false,
    meaning: 'The target resolves to a link-local or metadata address, or to a listener of Postern.',
  },
  upstream_unavailable: {
    status: 503,
    title: 'No target of the service is healthy',
    owner: 'upstream',
    retryable: true,
    meaning: 'All targets failed lately and are left alone for a moment; Retry-After says how long.',
  },
  upstream_timeout: {
    status: 504,
    title: 'The upstream did not answer in time',
    owner: 'upstream',
    retryable: true,
    meaning: 'Connecting or waiting for the response head took longer than the service allows.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

interface ProblemOptions {
  /** For the caller: what exactly, where, what to do. Never a secret, never a foreign project's name. */
  readonly detail?: string;
  readonly findings?: readonly Finding[];
  readonly conflict?: WriteConflict | undefined;
  /** For the log only. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly reason?: string;
  /** Id of the refusal in the ledger. */
  readonly refusal?: string | undefined;
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** The one error class: a code of the catalogue, what the caller may know, and what only the log may. */
export class PosternError extends Error {
  override readonly name = 'PosternError';
  readonly code: ProblemCode;
  readonly detail: string | undefined;
  readonly findings: readonly Finding[];
  readonly conflict: WriteConflict | undefined;
  readonly context: Readonly<Record<string, unknown>>;
  readonly reason: string | undefined;
  readonly refusal: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    super(options.detail ?? PROBLEMS[code].title, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.findings = options.findings ?? [];
    this.conflict = options.conflict;
    this.context = options.context ?? {};
    this.reason = options.reason;
    this.refusal = options.refusal;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Reads a code that came from outside; an unknown one (a newer API) reads as `internal`. */
export function problemCodeOf(text: string): ProblemCode {
  return Object.hasOwn(PROBLEMS, text) ? (text as ProblemCode) : 'internal';
}
