import { certificateResource, certificateRevoke } from '@postern/contracts';
import { certificateResourceOf } from '../certificate-resource.ts';
import { defineOperation } from '../operation.ts';
import { certificatePath } from '../path-parameters.ts';

/** POST /v1/projects/{project}/certificates/{name}/revoke */
export const revokeCertificate = defineOperation({
  id: 'revokeCertificate',
  method: 'post',
  path: '/v1/projects/{project}/certificates/{name}/revoke',
  scope: 'admin',
  tag: 'certificates',
  summary:
    'Has the present certificate of a host revoked by its CA; where it is in use it is replaced at once',
  params: certificatePath,
  body: certificateRevoke,
  dryRun: true,
  answers: { 202: { description: 'The certificate, as it is before', schema: certificateResource } },
  async handle(parts, { path, body, mode, requestId }) {
    const { reason = 'unspecified' } = body;
    const wish = await parts.store.requestRevocation(path.project, path.name, reason, mode);
    if (mode.dryRun !== true)
      parts.log.info(
        { requestId, host: path.name, fingerprint: wish.fingerprint, reason },
        'a certificate is to be revoked',
      );
    const order = await parts.store.getCertificate(path.project, path.name);
    return { status: 202, body: await certificateResourceOf(parts.store, order) };
  },
});
