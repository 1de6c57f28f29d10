import { z } from '@hono/zod-openapi';
import { routeResource } from '@postern/contracts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';
import { routeResourcesOf } from '../route-resource.ts';

/** GET /v1/projects/{project}/routes */
export const listRoutes = defineOperation({
  id: 'listRoutes',
  method: 'get',
  path: '/v1/projects/{project}/routes',
  scope: 'admin',
  tag: 'routes',
  summary: 'Lists the routes of a project by name',
  params: projectPath,
  answers: {
    200: {
      description: 'The routes',
      schema: z.strictObject({ items: z.array(routeResource) }).meta({ id: 'RouteList' }),
    },
  },
  async handle(parts, { path }) {
    const records = await parts.store.listRoutes(path.project);
    return { status: 200, body: { items: await routeResourcesOf(parts, records) } };
  },
});
