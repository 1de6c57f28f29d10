import { hostnameResource } from '@postern/contracts';
import { hostnameResourceOf } from '../hostname-resource.ts';
import { defineOperation } from '../operation.ts';
import { certificatePath } from '../path-parameters.ts';

/** GET /v1/projects/{project}/hostnames/{name} */
export const getHostname = defineOperation({
  id: 'getHostname',
  method: 'get',
  path: '/v1/projects/{project}/hostnames/{name}',
  scope: 'admin',
  tag: 'hostnames',
  summary: 'Gives one hostname, with the DNS records that verify it and those that were found',
  params: certificatePath,
  answers: { 200: { description: 'The hostname', schema: hostnameResource } },
  async handle(parts, { path }) {
    const record = await parts.store.getHostname(path.project, path.name);
    return { status: 200, body: hostnameResourceOf(parts, record) };
  },
});
