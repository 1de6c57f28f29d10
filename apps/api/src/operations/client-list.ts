import { clientResource, LIMITS } from '@postern/contracts';
import { clientResourceOf } from '../client-resource.ts';
import { clientQuery, writeFingerprint } from '../ledger-query.ts';
import { pageOf } from '../list-query.ts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';

/** GET /v1/projects/{project}/clients */
export const listClients = defineOperation({
  id: 'listClients',
  method: 'get',
  path: '/v1/projects/{project}/clients',
  scope: 'admin',
  tag: 'clients',
  summary: 'Lists the clients that were seen with a trusted certificate, by fingerprint, page by page',
  params: projectPath,
  query: clientQuery,
  answers: { 200: { description: 'The clients', schema: pageOf(clientResource, 'ClientList') } },
  async handle(parts, { path, query }) {
    const page = await parts.store.listClients(path.project, {
      limit: query.limit ?? LIMITS.listLimitDefault,
      after: query.after,
      host: query.host,
      route: query.route,
      ca: query.ca,
      expiresBefore: query.expiresBefore,
      since: query.since,
    });
    return {
      status: 200,
      body: {
        items: page.items.map(clientResourceOf),
        next: page.next === null ? null : writeFingerprint(page.next),
      },
    };
  },
});
