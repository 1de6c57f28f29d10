import { LIMITS, refusalList } from '@postern/contracts';
import { refusalFilterOf, refusalQuery, seqOf, writeSeq } from '../ledger-query.ts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';
import { refusalResourceOf } from '../refusal-resource.ts';

/** GET /v1/projects/{project}/refusals */
export const listRefusals = defineOperation({
  id: 'listRefusals',
  method: 'get',
  path: '/v1/projects/{project}/refusals',
  scope: 'admin',
  tag: 'refusals',
  summary: 'Lists refused clients, the latest first, page by page; they are kept for 30 days',
  params: projectPath,
  query: refusalQuery,
  answers: {
    200: { description: 'The refusals; one that stands for many has a count', schema: refusalList },
  },
  async handle(parts, { path, query }) {
    const filter = refusalFilterOf(query);
    const page = await parts.store.listRefusals(path.project, {
      ...filter,
      limit: query.limit ?? LIMITS.listLimitDefault,
      before: seqOf(query.after),
    });
    const dropped = await parts.store.countDroppedRefusals(filter.since ?? 0);
    return {
      status: 200,
      body: {
        items: page.items.map(refusalResourceOf),
        next: page.next === null ? null : writeSeq(page.next),
        dropped,
      },
    };
  },
});
