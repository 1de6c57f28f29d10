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
  ifNoneMatch: 'fresh',
  answers: { 200: { description: 'The secret', schema: secretResource, headers: resourceHeaders } },
  async handle(parts, { path }) {
    const record = await parts.store.getSecret(path);
    const resource = secretResourceOf(record, parts.now());
    return { status: 200, body: resource, headers: { etag: entityTagOf(resource) } };
  },
});
