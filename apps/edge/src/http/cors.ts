import type { CorsPolicy } from '@postern/contracts';
import { type Field, type FieldList, listOf } from '../upstream/fields.ts';

/** What a policy allows where it names no methods: the CORS-safelisted ones (Fetch standard). */
const DEFAULT_METHODS = ['GET', 'HEAD', 'POST'];
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
/** Bytes of requested field names that a preflight answer repeats. */
const REQUESTED_NAMES_MAX = 4096;

/** Fields of a preflight's answer, or undefined when the request is no preflight. Without the allowing ones when it is not allowed. */
export function preflightFields(method: string, fields: FieldList, policy: CorsPolicy): Field[] | undefined {
  const wanted = fields.valuesOf('access-control-request-method')[0];
  if (method !== 'OPTIONS' || wanted === undefined || fields.valuesOf('origin').length === 0)
    return undefined;
  const vary: Field = ['vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'];
  const allowed = allowedOrigin(fields, policy);
  const methods = policy.allowMethods ?? DEFAULT_METHODS;
  if (allowed === undefined || !methods.includes(wanted)) return [vary];
  const names = listOf(fields, 'access-control-request-headers').filter((name) => TOKEN.test(name));
  const list = names.join(', ');
  return [
    ['access-control-allow-origin', allowed],
    ['access-control-allow-methods', methods.join(', ')],
    ...(list === '' || list.length > REQUESTED_NAMES_MAX
      ? []
      : [['access-control-allow-headers', list] satisfies Field]),
    vary,
  ];
}

/** Fields for any other answer of the host; never allows credentials. */
export function corsFields(fields: FieldList, policy: CorsPolicy): Field[] {
  const allowed = allowedOrigin(fields, policy);
  return allowed === undefined
    ? [['vary', 'Origin']]
    : [
        ['access-control-allow-origin', allowed],
        ['vary', 'Origin'],
      ];
}

/** Fields of answers that the route's policy decides alone. */
export const DECIDED_BY_POLICY = ['access-control-allow-origin', 'access-control-allow-credentials'] as const;

/** Whether an upstream's response field gives way because the route's policy decides. */
export function isDecidedByPolicy(name: string): boolean {
  return DECIDED_BY_POLICY.some((decided) => decided === name);
}

function allowedOrigin(fields: FieldList, policy: CorsPolicy): string | undefined {
  const [origin, ...more] = fields.valuesOf('origin');
  if (origin === undefined || more.length > 0) return undefined;
  if (policy.allowOrigins.includes('*')) return '*';
  return policy.allowOrigins.includes(origin) ? origin : undefined;
}
