import { z } from '@hono/zod-openapi';
import { PosternError } from '@postern/contracts';
import { defineOperation } from '../operation.ts';
import { waitUntilApplied } from '../wait-until-applied.ts';

/** Milliseconds. Longer waits are cut into several calls by the client. */
const WAIT_MAX_MS = 60_000;

const whole = (max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'a whole number is expected')
    .transform(Number)
    .refine((value) => value <= max, `at most ${max}`);

const applied = z
  .strictObject({
    complete: z.boolean(),
    /** Stable word: `applied`, `no_edge`, `job_running`, `waiting`. */
    reason: z.string(),
    edges: z.array(
      z.strictObject({
        edge: z.string(),
        appliedRevision: z.int(),
        connectedSince: z.iso.datetime(),
      }),
    ),
  })
  .meta({ id: 'Applied' });

/** GET /v1/applied */
export const getApplied = defineOperation({
  id: 'getApplied',
  method: 'get',
  path: '/v1/applied',
  scope: 'admin',
  tag: 'edges',
  summary: 'Says, or waits until, every connected edge serves by a revision, or by the end of a job',
  query: z.strictObject({
    revision: whole(Number.MAX_SAFE_INTEGER).optional(),
    job: z.string().min(1).max(128).optional(),
    waitMs: whole(WAIT_MAX_MS).optional(),
  }),
  answers: {
    200: { description: 'How far the edges are; `complete` is false when the wait ran out', schema: applied },
  },
  async handle(parts, { query, request }) {
    if (query.revision === undefined && query.job === undefined) {
      throw new PosternError('validation_failed', {
        detail: 'name a revision or a job',
        findings: [
          {
            severity: 'error',
            code: 'missing',
            message: 'name a revision or a job in the query',
            pointer: '',
          },
        ],
      });
    }
    const result = await waitUntilApplied(parts, {
      revision: query.revision ?? 0,
      job: query.job ?? null,
      waitMs: query.waitMs ?? 0,
      signal: AbortSignal.any([request.signal, parts.stopping]),
    });
    return {
      status: 200,
      body: {
        complete: result.reason === 'applied',
        reason: result.reason,
        edges: result.edges.map(({ edge, appliedRevision, connectedSince }) => ({
          edge,
          appliedRevision,
          connectedSince: new Date(connectedSince).toISOString(),
        })),
      },
    };
  },
});
