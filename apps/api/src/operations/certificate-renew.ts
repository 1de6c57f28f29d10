import { certificateResource } from '@postern/contracts';
import { certificateResourceOf } from '../certificate-resource.ts';
import { defineOperation } from '../operation.ts';
import { certificatePath } from '../path-parameters.ts';

/** POST /v1/projects/{project}/certificates/{name}/renew */
export const renewCertificate = defineOperation({
  id: 'renewCertificate',
  method: 'post',
  path: '/v1/projects/{project}/certificates/{name}/renew',
  scope: 'admin',
  tag: 'certificates',
  summary: 'Has the certificate of a host ordered now; the present one serves until the next is there',
  params: certificatePath,
  dryRun: true,
  answers: { 202: { description: 'The certificate, as it is before', schema: certificateResource } },
  async handle(parts, { path, mode, requestId }) {
    const order = await parts.store.requestRenewal(path.project, path.name, mode);
    if (mode.dryRun !== true)
      parts.log.info({ requestId, host: path.name }, 'a certificate is to be renewed');
    return { status: 202, body: await certificateResourceOf(parts.store, order) };
  },
});
