import { z } from '@hono/zod-openapi';
import { refusalDetails, refusalId, resourceName } from '@postern/contracts';
import { defineOperation } from '../operation.ts';
import { chainPemOf, refusalResourceOf } from '../refusal-resource.ts';

/** GET /v1/projects/{project}/refusals/{id} */
export const getRefusal = defineOperation({
  id: 'getRefusal',
  method: 'get',
  path: '/v1/projects/{project}/refusals/{id}',
  scope: 'admin',
  tag: 'refusals',
  summary: 'Gets one refusal, with the certificates that the client presented',
  params: z.strictObject({ project: resourceName, id: refusalId }),
  answers: { 200: { description: 'The refusal', schema: refusalDetails } },
  async handle(parts, { path }) {
    const record = await parts.store.getRefusal(path.project, path.id);
    const chainPem = await chainPemOf(parts.store, record.chainHash);
    return { status: 200, body: { ...refusalResourceOf(record), chainPem } };
  },
});
