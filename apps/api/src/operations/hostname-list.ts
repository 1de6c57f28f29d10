import { hostnameResource, LIMITS } from '@postern/contracts';
import { hostnameResourceOf } from '../hostname-resource.ts';
import { hostnameQuery, writeHostnameCursor } from '../ledger-query.ts';
import { pageOf } from '../list-query.ts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';

/** GET /v1/projects/{project}/hostnames */
export const listHostnames = defineOperation({
  id: 'listHostnames',
  method: 'get',
  path: '/v1/projects/{project}/hostnames',
  scope: 'admin',
  tag: 'hostnames',
  summary: 'Lists the hostnames of a project, those that routes claimed too',
  params: projectPath,
  query: hostnameQuery,
  answers: { 200: { description: 'The hostnames', schema: pageOf(hostnameResource, 'HostnameList') } },
  async handle(parts, { path, query }) {
    const limit = query.limit ?? LIMITS.listLimitDefault;
    const records = await parts.store.listHostnames(path.project, { limit: limit + 1, after: query.after });
    const items = records.slice(0, limit).map((record) => hostnameResourceOf(parts, record));
    const last = records.length > limit ? items.at(-1) : undefined;
    return { status: 200, body: { items, next: last === undefined ? null : writeHostnameCursor(last.name) } };
  },
});
