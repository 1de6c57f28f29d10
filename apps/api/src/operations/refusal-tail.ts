import { refusalTail } from '@postern/contracts';
import { refusalFilterOf, seqOf, tailQuery, writeSeq } from '../ledger-query.ts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';
import { refusalResourceOf } from '../refusal-resource.ts';
import { waitForRefusals } from '../wait-for-refusals.ts';

/** GET /v1/projects/{project}/refusal-tail: beside the collection, so that no id can collide with it. */
export const tailRefusals = defineOperation({
  id: 'tailRefusals',
  method: 'get',
  path: '/v1/projects/{project}/refusal-tail',
  scope: 'admin',
  tag: 'refusals',
  summary:
    'Gives the refusals since a cursor, or waits for the next one; without a cursor it says where to begin',
  params: projectPath,
  query: tailQuery,
  answers: {
    200: { description: 'What has come, oldest first; none when the wait ran out', schema: refusalTail },
  },
  async handle(parts, { path, query, request }) {
    const news = await waitForRefusals(parts.store, {
      project: path.project,
      seq: seqOf(query.cursor) ?? null,
      filter: refusalFilterOf(query),
      waitMs: query.waitMs ?? 0,
      signal: AbortSignal.any([request.signal, parts.stopping]),
    });
    return { status: 200, body: { items: news.items.map(refusalResourceOf), cursor: writeSeq(news.seq) } };
  },
});
