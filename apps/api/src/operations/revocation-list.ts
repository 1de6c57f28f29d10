import { z } from '@hono/zod-openapi';
import { revocationResource } from '@postern/contracts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';
import { revocationResourceOf } from '../revocation-resource.ts';

/** GET /v1/projects/{project}/revocations */
export const listRevocations = defineOperation({
  id: 'listRevocations',
  method: 'get',
  path: '/v1/projects/{project}/revocations',
  scope: 'admin',
  tag: 'revocations',
  summary: 'Lists what is revoked in a project, the oldest first',
  params: projectPath,
  answers: {
    200: {
      description: 'The revocations, all in one answer: `next` is always null',
      schema: z
        .strictObject({ items: z.array(revocationResource), next: z.null() })
        .meta({ id: 'RevocationList' }),
    },
  },
  async handle(parts, { path }) {
    const records = await parts.store.listRevocations(path.project);
    return {
      status: 200,
      body: { items: records.map((record) => revocationResourceOf(record)), next: null },
    };
  },
});
