import { z } from '@hono/zod-openapi';
import { serviceResource } from '@postern/contracts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';
import { serviceResourceOf } from '../service-resource.ts';

/** GET /v1/projects/{project}/services */
export const listServices = defineOperation({
  id: 'listServices',
  method: 'get',
  path: '/v1/projects/{project}/services',
  scope: 'admin',
  tag: 'services',
  summary: 'Lists the services of a project by name',
  params: projectPath,
  answers: {
    200: {
      description: 'The services',
      schema: z.strictObject({ items: z.array(serviceResource) }).meta({ id: 'ServiceList' }),
    },
  },
  async handle(parts, { path }) {
    const records = await parts.store.listServices(path.project);
    return { status: 200, body: { items: records.map((record) => serviceResourceOf(record)) } };
  },
});
