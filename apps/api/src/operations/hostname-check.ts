import { hostnameResource } from '@postern/contracts';
import { hostnameResourceOf } from '../hostname-resource.ts';
import { defineOperation } from '../operation.ts';
import { certificatePath } from '../path-parameters.ts';

/** POST /v1/projects/{project}/hostnames/{name}/check */
export const checkHostname = defineOperation({
  id: 'checkHostname',
  method: 'post',
  path: '/v1/projects/{project}/hostnames/{name}/check',
  scope: 'admin',
  tag: 'hostnames',
  summary: 'Has the certificate worker look at DNS for a hostname now',
  params: certificatePath,
  answers: {
    202: {
      description: 'The hostname, as it is before; nextCheckAt is another when it was looked at',
      schema: hostnameResource,
    },
  },
  async handle(parts, { path }) {
    const record = await parts.store.requestHostnameCheck(path.project, path.name);
    return { status: 202, body: hostnameResourceOf(parts, record) };
  },
});
