import { deleteHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { answerDeleted } from '../written-headers.ts';

/** DELETE /v1/projects/{project}/secrets/{name} */
export const deleteSecret = defineOperation({
  id: 'deleteSecret',
  method: 'delete',
  path: '/v1/projects/{project}/secrets/{name}',
  scope: 'admin',
  tag: 'secrets',
  summary: 'Deletes a secret that no route or service names',
  params: namedPath,
  ifMatch: true,
  dryRun: true,
  answers: { 204: { description: 'The secret is gone', headers: deleteHeaders } },
  async handle(parts, { path, precondition, mode }) {
    const { revision } = await parts.store.deleteSecret({ ...path, ...precondition }, mode);
    return answerDeleted(revision);
  },
});
