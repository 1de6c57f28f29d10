import { PosternError } from '@postern/contracts';
import { defineOperation } from '../operation.ts';

/** GET /v1/ca */
export const getCa = defineOperation({
  id: 'getCa',
  method: 'get',
  path: '/v1/ca',
  scope: 'admin',
  tag: 'platform',
  summary: 'Gives the certificate of the local authority, in PEM',
  answers: { 200: { description: 'The certificate', contentType: 'application/x-pem-file' } },
  problems: [404],
  async handle(parts) {
    const authority = await parts.store.getAuthority('local');
    if (authority === null) {
      throw new PosternError('not_found', {
        detail: 'there is no local authority yet; the certificate worker makes it when it starts',
      });
    }
    return new Response(authority.certPem, {
      headers: { 'content-type': 'application/x-pem-file', 'cache-control': 'no-store' },
    });
  },
});
