import { z } from '@hono/zod-openapi';
import { LIMITS, labelSelector, type ResourceName, resourceName } from '@postern/contracts';
import type { Page } from '@postern/store';

/** Marks the form of our cursors, so that another form can follow one day. */
const CURSOR_MARK = 'n:';

const after = z.string().transform((text, context): ResourceName => {
  const decoded = Buffer.from(text, 'base64url').toString('latin1');
  const name = resourceName.safeParse(decoded.slice(CURSOR_MARK.length));
  if (decoded.startsWith(CURSOR_MARK) && name.success) return name.data;
  context.addIssue({ code: 'custom', message: 'a cursor is what "next" of a list gave' });
  return z.NEVER;
});

/** What narrows a collection down. */
export const filterQuery = {
  labelSelector: labelSelector.optional().meta({
    description: 'Conditions on labels, joined by commas: a=b, a!=b, a in (b,c), a notin (b,c), a, !a',
  }),
  namePrefix: z
    .string()
    .regex(/^[a-z0-9-]{0,63}$/, 'a name is made of lower-case letters, digits and hyphens')
    .optional()
    .meta({ description: 'How the names begin' }),
};

/** The query of every list of resources. */
export const listQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, `a limit is a number from 1 to ${LIMITS.listLimitMax}`)
    .transform(Number)
    .refine((limit) => limit <= LIMITS.listLimitMax, `at most ${LIMITS.listLimitMax}`)
    .optional()
    .meta({ description: `Resources in one answer at most; ${LIMITS.listLimitDefault} when absent` }),
  after: after.optional().meta({ description: 'The "next" of the page before' }),
  ...filterQuery,
});

/** The form of one page of a list. */
export function pageOf<T extends z.ZodType>(item: T, id: string) {
  return z
    .strictObject({
      items: z.array(item),
      /** Cursor of the next page, null at the end. A page may hold fewer than `limit`, even none, while it is not null. */
      next: z.string().nullable(),
    })
    .meta({ id });
}

/** What the store is asked for by the query of a list. */
export function storeQueryOf(query: z.output<typeof listQuery>) {
  return {
    limit: query.limit ?? LIMITS.listLimitDefault,
    after: query.after,
    namePrefix: query.namePrefix,
    labels: query.labelSelector,
  };
}

/** The cursor of the page after one of the store. */
export function nextOf(page: Page<unknown>): string | null {
  return page.next === null ? null : Buffer.from(CURSOR_MARK + page.next, 'latin1').toString('base64url');
}
