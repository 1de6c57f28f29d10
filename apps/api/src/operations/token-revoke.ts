import { z } from '@hono/zod-openapi';
import { defineOperation } from '../operation.ts';
import { tokenPath } from '../path-parameters.ts';

/** DELETE /v1/tokens/{name} */
export const revokeToken = defineOperation({
  id: 'revokeToken',
  method: 'delete',
  path: '/v1/tokens/{name}',
  scope: 'admin',
  tag: 'tokens',
  summary: 'Revokes a token for good: the next call with it is refused, and what it has open ends at once',
  params: tokenPath,
  dryRun: true,
  query: z.strictObject({
    force: z.enum(['true', 'false']).meta({ description: 'Revokes the last admin token too' }).optional(),
  }),
  answers: { 204: { description: 'The token is revoked' } },
  async handle(parts, { path, query, requestId, mode }) {
    const revoked = await parts.store.revokeToken(path.name, { force: query.force === 'true' }, mode);
    if (mode.dryRun !== true) {
      parts.tokenCalls.end(revoked.id);
      parts.log.info({ requestId, token: path.name, revokedTokenId: revoked.id }, 'a token is revoked');
    }
    return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } });
  },
});
