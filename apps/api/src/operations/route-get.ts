import { routeResource } from '@postern/contracts';
import { entityTagOf, resourceHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { routeResourceOf } from '../route-resource.ts';

/** GET /v1/projects/{project}/routes/{name} */
export const getRoute = defineOperation({
  id: 'getRoute',
  method: 'get',
  path: '/v1/projects/{project}/routes/{name}',
  scope: 'admin',
  tag: 'routes',
  summary: 'Gives one route',
  params: namedPath,
  ifNoneMatch: 'fresh',
  answers: { 200: { description: 'The route', schema: routeResource, headers: resourceHeaders } },
  async handle(parts, { path }) {
    const record = await parts.store.getRoute(path);
    const resource = await routeResourceOf(parts, record);
    return { status: 200, body: resource, headers: { etag: entityTagOf(resource) } };
  },
});
