import { z } from '@hono/zod-openapi';
import { defineOperation } from '../operation.ts';

/** GET /livez */
export const getLive = defineOperation({
  id: 'getLive',
  method: 'get',
  path: '/livez',
  scope: 'none',
  tag: 'platform',
  summary: 'Answers while the process runs',
  answers: {
    200: {
      description: 'The process runs',
      schema: z.strictObject({ status: z.literal('live'), version: z.string() }).meta({ id: 'Live' }),
    },
  },
  async handle(parts) {
    return { status: 200, body: { status: 'live' as const, version: parts.version } };
  },
});
