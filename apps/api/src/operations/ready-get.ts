import { z } from '@hono/zod-openapi';
import { PosternError } from '@postern/contracts';
import { defineOperation } from '../operation.ts';

/** GET /readyz */
export const getReady = defineOperation({
  id: 'getReady',
  method: 'get',
  path: '/readyz',
  scope: 'none',
  tag: 'platform',
  summary: 'Answers 200 while calls can be served: the database answers and the API is not stopping',
  answers: {
    200: {
      description: 'Calls are served',
      schema: z.strictObject({ status: z.literal('ready') }).meta({ id: 'Ready' }),
    },
  },
  async handle(parts) {
    if (parts.stopping.aborted) throw new PosternError('unavailable', { detail: 'the API is stopping' });
    try {
      await parts.store.cursor();
    } catch (error) {
      throw new PosternError('unavailable', { detail: 'the database does not answer', cause: error });
    }
    return { status: 200, body: { status: 'ready' as const } };
  },
});
