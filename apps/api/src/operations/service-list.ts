import { serviceResource } from '@postern/contracts';
import { listQuery, nextOf, pageOf, storeQueryOf } from '../list-query.ts';
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
  summary: 'Lists the services of a project by name, page by page',
  params: projectPath,
  query: listQuery,
  answers: {
    200: {
      description: 'The services',
      schema: pageOf(serviceResource, 'ServiceList'),
    },
  },
  async handle(parts, { path, query }) {
    const page = await parts.store.listServices(path.project, storeQueryOf(query));
    return {
      status: 200,
      body: { items: page.items.map((record) => serviceResourceOf(parts, record)), next: nextOf(page) },
    };
  },
});
