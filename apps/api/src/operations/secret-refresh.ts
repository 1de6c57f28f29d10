import { secretResource } from '@postern/contracts';
import { entityTagOf, resourceHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { secretResourceOf } from '../secret-resource.ts';

/** POST /v1/projects/{project}/secrets/{name}/refresh */
export const refreshSecret = defineOperation({
  id: 'refreshSecret',
  method: 'post',
  path: '/v1/projects/{project}/secrets/{name}/refresh',
  scope: 'admin',
  tag: 'secrets',
  summary: 'Has a revocation list fetched now; status.crl.fetch.triedAt then tells that it has been tried',
  params: namedPath,
  answers: {
    202: { description: 'The secret, as it is before', schema: secretResource, headers: resourceHeaders },
  },
  async handle(parts, { path, requestId }) {
    const record = await parts.store.requestCrl(path);
    parts.log.info({ requestId, secret: path.name }, 'a revocation list is to be fetched');
    const resource = secretResourceOf(record, parts.now());
    return { status: 202, body: resource, headers: { etag: entityTagOf(resource) } };
  },
});
