import { secretResource } from '@postern/contracts';
import { entityTagOf, resourceHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { secretResourceOf } from '../secret-resource.ts';

/** GET /v1/projects/{project}/secrets/{name} */
export const getSecret = defineOperation({
  id: 'getSecret',
  method: 'get',
  path: '/v1/projects/{project}/secrets/{name}',
  scope: 'admin',
  tag: 'secrets',
  summary: 'Gives one secret',
  params: namedPath,
  answers: { 200: { description: 'The secret', schema: secretResource, headers: resourceHeaders } },
  async handle(parts, { path }) {
    const record = await parts.store.getSecret(path);
    return {
      status: 200,
      body: secretResourceOf(record, parts.now()),
      headers: { etag: entityTagOf(record.version) },
    };
  },
});
