import { certificateResource, LIMITS } from '@postern/contracts';
import { certificateResourceOf } from '../certificate-resource.ts';
import { certificateQuery, writeCertificateCursor } from '../ledger-query.ts';
import { pageOf } from '../list-query.ts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';

/** GET /v1/projects/{project}/certificates */
export const listCertificates = defineOperation({
  id: 'listCertificates',
  method: 'get',
  path: '/v1/projects/{project}/certificates',
  scope: 'admin',
  tag: 'certificates',
  summary:
    'Lists the certificates that Postern gets for hosts, those that are not there yet too, by their names',
  params: projectPath,
  query: certificateQuery,
  answers: {
    200: { description: 'The certificates', schema: pageOf(certificateResource, 'CertificateList') },
  },
  async handle(parts, { path, query }) {
    const page = await parts.store.listCertificates(path.project, {
      limit: query.limit ?? LIMITS.listLimitDefault,
      after: query.after,
      pending: query.pending === 'true',
      expiresBefore: query.expiresBefore,
    });
    const items = await Promise.all(page.items.map((order) => certificateResourceOf(parts.store, order)));
    return {
      status: 200,
      body: { items, next: page.next === null ? null : writeCertificateCursor(page.next) },
    };
  },
});
