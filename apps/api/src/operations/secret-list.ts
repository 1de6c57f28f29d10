import { secretResource } from '@postern/contracts';
import { listQuery, nextOf, pageOf, storeQueryOf } from '../list-query.ts';
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
  summary: 'Lists the secrets of a project by name, page by page',
  params: projectPath,
  query: listQuery,
  answers: {
    200: {
      description: 'The secrets',
      schema: pageOf(secretResource, 'SecretList'),
    },
  },
  async handle(parts, { path, query }) {
    const page = await parts.store.listSecrets(path.project, storeQueryOf(query));
    return {
      status: 200,
      body: { items: page.items.map((record) => secretResourceOf(record, parts.now())), next: nextOf(page) },
    };
  },
});
