import { deleteHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { answerDeleted } from '../written-headers.ts';

/** DELETE /v1/projects/{project}/services/{name} */
export const deleteService = defineOperation({
  id: 'deleteService',
  method: 'delete',
  path: '/v1/projects/{project}/services/{name}',
  scope: 'admin',
  tag: 'services',
  summary: 'Deletes a service that no route leads to',
  params: namedPath,
  ifMatch: true,
  dryRun: true,
  answers: { 204: { description: 'The service is gone', headers: deleteHeaders } },
  async handle(parts, { path, precondition, mode }) {
    const { revision } = await parts.store.deleteService({ ...path, ...precondition }, mode);
    return answerDeleted(revision);
  },
});
