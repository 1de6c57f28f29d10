import { z } from '@hono/zod-openapi';
import { clientDetails, resourceName, sha256Hex } from '@postern/contracts';
import { clientResourceOf } from '../client-resource.ts';
import { defineOperation } from '../operation.ts';
import { chainPemOf } from '../refusal-resource.ts';

/** GET /v1/projects/{project}/clients/{fingerprint} */
export const getClient = defineOperation({
  id: 'getClient',
  method: 'get',
  path: '/v1/projects/{project}/clients/{fingerprint}',
  scope: 'admin',
  tag: 'clients',
  summary: 'Gets one client: where it was seen, by which CA, and what it presented',
  params: z.strictObject({ project: resourceName, fingerprint: sha256Hex }),
  answers: { 200: { description: 'The client', schema: clientDetails } },
  async handle(parts, { path }) {
    const record = await parts.store.getClient(path.project, path.fingerprint);
    const chainPem = await chainPemOf(parts.store, record.chainHash);
    return { status: 200, body: { ...clientResourceOf(record), chainPem } };
  },
});
