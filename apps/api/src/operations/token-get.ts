import { tokenResource } from '@postern/contracts';
import { defineOperation } from '../operation.ts';
import { tokenPath } from '../path-parameters.ts';
import { tokenResourceOf } from '../token-resource.ts';

/** GET /v1/tokens/{name} */
export const getToken = defineOperation({
  id: 'getToken',
  method: 'get',
  path: '/v1/tokens/{name}',
  scope: 'admin',
  tag: 'tokens',
  summary: 'Gives one token, without its value',
  params: tokenPath,
  answers: { 200: { description: 'The token', schema: tokenResource } },
  async handle(parts, { path, token }) {
    return { status: 200, body: tokenResourceOf(await parts.store.getToken(path.name), token) };
  },
});
