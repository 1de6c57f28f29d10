import { edgeReport, reportAnswer } from '@postern/contracts';
import { defineOperation } from '../operation.ts';

/** POST /v1/reports */
export const createReport = defineOperation({
  id: 'createReport',
  method: 'post',
  path: '/v1/reports',
  scope: 'edge',
  tag: 'edges',
  summary: 'Takes what an edge reports: how far it is, which hosts it keeps closed, how targets are',
  body: edgeReport,
  answers: { 200: { description: 'The report was taken', schema: reportAnswer } },
  async handle(parts, { body, token }) {
    const cursor = { epoch: body.epoch, revision: body.appliedRevision };
    // A revision of a history that was since replaced says nothing about the present one.
    const applied = (await parts.store.isResumable(cursor)) ? body.appliedRevision : 0;
    const now = parts.now();
    const targetsUpTo = token === null ? 0 : parts.edges.report(token.id, body, applied, now);
    const wanted = token === null ? undefined : parts.edges.sightingsWantedOf(token.id, body.edge, now);
    return {
      status: 200,
      body: { targetsUpTo, ...(wanted === undefined ? {} : { sightingsWanted: wanted }) },
    };
  },
});
