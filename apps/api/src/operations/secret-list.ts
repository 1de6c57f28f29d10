import { z } from '@hono/zod-openapi';
import { secretResource } from '@postern/contracts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';
import { secretResourceOf } from '../secret-resource.ts';

/** GET /v1/projects/{project}/secrets */
export const listSecrets = defineOperation({
  id: 'listSecrets',
  method: 'get',
  path: '/v1/projects/{project}/secrets',
  scope: 'admin',
  tag: 'secrets',
  summary: 'Lists the secrets of a project by name',
  params: projectPath,
  answers: {
    200: {
      description: 'The secrets',
      schema: z.strictObject({ items: z.array(secretResource) }).meta({ id: 'SecretList' }),
    },
  },
  async handle(parts, { path }) {
    const records = await parts.store.listSecrets(path.project);
    return { status: 200, body: { items: records.map((record) => secretResourceOf(record, parts.now())) } };
  },
});
