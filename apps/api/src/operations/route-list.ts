import { routeResource } from '@postern/contracts';
import { listQuery, nextOf, pageOf, storeQueryOf } from '../list-query.ts';
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
  summary: 'Lists the routes of a project by name, page by page',
  params: projectPath,
  query: listQuery,
  answers: {
    200: {
      description: 'The routes',
      schema: pageOf(routeResource, 'RouteList'),
    },
  },
  async handle(parts, { path, query }) {
    const page = await parts.store.listRoutes(path.project, storeQueryOf(query));
    return { status: 200, body: { items: await routeResourcesOf(parts, page.items), next: nextOf(page) } };
  },
});
