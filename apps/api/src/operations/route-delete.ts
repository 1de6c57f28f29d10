import { deleteHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { answerDeleted } from '../written-headers.ts';

/** DELETE /v1/projects/{project}/routes/{name} */
export const deleteRoute = defineOperation({
  id: 'deleteRoute',
  method: 'delete',
  path: '/v1/projects/{project}/routes/{name}',
  scope: 'admin',
  tag: 'routes',
  summary: 'Deletes a route',
  params: namedPath,
  ifMatch: true,
  dryRun: true,
  answers: { 204: { description: 'The route is gone', headers: deleteHeaders } },
  async handle(parts, { path, precondition, mode }) {
    const { revision } = await parts.store.deleteRoute({ ...path, ...precondition }, mode);
    return answerDeleted(revision);
  },
});
