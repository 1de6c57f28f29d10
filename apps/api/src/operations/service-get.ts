import { serviceResource } from '@postern/contracts';
import { entityTagOf, resourceHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { serviceResourceOf } from '../service-resource.ts';

/** GET /v1/projects/{project}/services/{name} */
export const getService = defineOperation({
  id: 'getService',
  method: 'get',
  path: '/v1/projects/{project}/services/{name}',
  scope: 'admin',
  tag: 'services',
  summary: 'Gives one service',
  params: namedPath,
  ifNoneMatch: 'fresh',
  answers: { 200: { description: 'The service', schema: serviceResource, headers: resourceHeaders } },
  async handle(parts, { path }) {
    const record = await parts.store.getService(path);
    const resource = serviceResourceOf(parts, record);
    return { status: 200, body: resource, headers: { etag: entityTagOf(resource) } };
  },
});
