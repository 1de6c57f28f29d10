import { z } from '@hono/zod-openapi';
import { tokenResource } from '@postern/contracts';
import { defineOperation } from '../operation.ts';
import { tokenResourceOf } from '../token-resource.ts';

/** GET /v1/tokens */
export const listTokens = defineOperation({
  id: 'listTokens',
  method: 'get',
  path: '/v1/tokens',
  scope: 'admin',
  tag: 'tokens',
  summary: 'Lists the tokens by name, without their values; revoked ones are not listed',
  answers: {
    200: {
      description: 'The tokens, all in one answer: `next` is always null',
      schema: z.strictObject({ items: z.array(tokenResource), next: z.null() }).meta({ id: 'TokenList' }),
    },
  },
  async handle(parts, { token }) {
    const records = await parts.store.listTokens();
    return {
      status: 200,
      body: { items: records.map((record) => tokenResourceOf(record, token)), next: null },
    };
  },
});
