import { z } from '@hono/zod-openapi';
import { LIMITS, normaliseHostname, resourceName, sha256Hex } from '@postern/contracts';
import type { RefusalFilter } from '@postern/store';

/** Milliseconds. Longer waits are cut into several calls by the client. */
const WAIT_MAX_MS = 60_000;
const SEQ_MARK = 's:';
const FINGERPRINT_MARK = 'f:';
const CERTIFICATE_MARK = 'c:';
const HOSTNAME_MARK = 'h:';

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const host = z.string().transform((text, context) => {
  const result = normaliseHostname(text);
  if ('host' in result) return result.host;
  context.addIssue({ code: 'custom', message: 'a host is expected, like shop.example.org or *.example.org' });
  return z.NEVER;
});

const limit = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, `a limit is a number from 1 to ${LIMITS.listLimitMax}`)
  .transform(Number)
  .refine((value) => value <= LIMITS.listLimitMax, `at most ${LIMITS.listLimitMax}`)
  .meta({ description: `Entries in one answer at most; ${LIMITS.listLimitDefault} when absent` });

const seqCursor = cursorOf(SEQ_MARK, /^\d{1,15}$/);
const certificateCursor = cursorOf(CERTIFICATE_MARK, /^[a-z0-9*.,-]{1,30000}$/);
const hostnameCursor = cursorOf(HOSTNAME_MARK, /^[a-z0-9*.-]{1,253}$/);
const fingerprintCursor = cursorOf(FINGERPRINT_MARK, /^[0-9a-f]{64}$/);

const refusalFilter = {
  host: host.optional().meta({ description: "The route's host, or the name that the client asked for" }),
  route: resourceName.optional(),
  reason: z
    .string()
    .regex(/^[a-z0-9_]{1,64}$/, 'a reason is a word like certificate_expired')
    .optional(),
  fingerprint: sha256Hex.optional(),
  observed: z.enum(['true', 'false']).optional().meta({
    description: 'true: only those who were let in and would have been refused; false: only the refused',
  }),
  observedMatch: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'true: only those whom an observed matcher would admit; false: only the others' }),
  since: instant.optional().meta({ description: 'Those whose last refusal came then or later' }),
};

/** The query of the list of refusals. */
export const refusalQuery = z.strictObject({
  limit: limit.optional(),
  after: seqCursor.optional().meta({ description: 'The "next" of the page before' }),
  ...refusalFilter,
});

/** The query of the tail of refusals. */
export const tailQuery = z.strictObject({
  cursor: seqCursor.optional().meta({ description: 'The "cursor" of the answer before' }),
  waitMs: z
    .string()
    .regex(/^\d{1,5}$/, 'a whole number is expected')
    .transform(Number)
    .refine((value) => value <= WAIT_MAX_MS, `at most ${WAIT_MAX_MS}`)
    .optional(),
  ...refusalFilter,
});

/** The query of the list of clients. */
export const clientQuery = z.strictObject({
  limit: limit.optional(),
  after: fingerprintCursor.optional().meta({ description: 'The "next" of the page before' }),
  host: host.optional().meta({ description: "The route's host" }),
  route: resourceName.optional(),
  ca: resourceName.optional().meta({ description: 'A tls-ca secret that vouched for the client' }),
  expiresBefore: instant.optional().meta({ description: 'Those whose certificate ends before' }),
  since: instant.optional().meta({ description: 'Those seen then or later' }),
});

/** The query of the list of certificates. */
export const certificateQuery = z.strictObject({
  limit: limit.optional(),
  after: certificateCursor.optional().meta({ description: 'The "next" of the page before' }),
  pending: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'true: only those that are not there yet, or whose successor is wanted' }),
  expiresBefore: instant.optional().meta({ description: 'Those that end before' }),
});

/** The query of the list of hostnames. */
export const hostnameQuery = z.strictObject({
  limit: limit.optional(),
  after: hostnameCursor.optional().meta({ description: 'The "next" of the page before' }),
});

type RefusalFilterQuery = z.output<z.ZodObject<typeof refusalFilter>>;

/** What the store is asked for by the filters of a query. */
export function refusalFilterOf(query: RefusalFilterQuery): RefusalFilter {
  return {
    host: query.host,
    route: query.route,
    reason: query.reason,
    fingerprint: query.fingerprint,
    observed: query.observed === undefined ? undefined : query.observed === 'true',
    observedMatch: query.observedMatch === undefined ? undefined : query.observedMatch === 'true',
    since: query.since,
  };
}

/** The place in the ledger that a cursor names. */
export function seqOf(cursor: string | undefined): number | undefined {
  return cursor === undefined ? undefined : Number(cursor);
}

export function writeSeq(seq: number): string {
  return writeCursor(SEQ_MARK, String(seq));
}

export function writeCertificateCursor(names: string): string {
  return writeCursor(CERTIFICATE_MARK, names);
}

export function writeHostnameCursor(name: string): string {
  return writeCursor(HOSTNAME_MARK, name);
}

export function writeFingerprint(fingerprint: string): string {
  return writeCursor(FINGERPRINT_MARK, fingerprint);
}

function writeCursor(mark: string, text: string): string {
  return Buffer.from(mark + text, 'latin1').toString('base64url');
}

function cursorOf(mark: string, form: RegExp) {
  return z.string().transform((text, context) => {
    const decoded = Buffer.from(text, 'base64url').toString('latin1');
    const value = decoded.slice(mark.length);
    if (decoded.startsWith(mark) && form.test(value)) return value;
    context.addIssue({ code: 'custom', message: 'a cursor is what the answer before gave' });
    return z.NEVER;
  });
}
