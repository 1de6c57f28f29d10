import { certificateWithChain } from '@postern/contracts';
import { certificateResourceOf } from '../certificate-resource.ts';
import { defineOperation } from '../operation.ts';
import { certificatePath } from '../path-parameters.ts';

/** GET /v1/projects/{project}/certificates/{name} */
export const getCertificate = defineOperation({
  id: 'getCertificate',
  method: 'get',
  path: '/v1/projects/{project}/certificates/{name}',
  scope: 'admin',
  tag: 'certificates',
  summary:
    'Gives the certificate that a host is served by, or would be: how far it is, why it is not there, its chain',
  params: certificatePath,
  answers: { 200: { description: 'The certificate', schema: certificateWithChain } },
  async handle(parts, { path }) {
    const order = await parts.store.getCertificate(path.project, path.name);
    const chainPem = order.certificate?.document.chainPem ?? null;
    return { status: 200, body: { ...(await certificateResourceOf(parts.store, order)), chainPem } };
  },
});
