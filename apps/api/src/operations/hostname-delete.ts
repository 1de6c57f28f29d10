import { deleteHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { certificatePath } from '../path-parameters.ts';
import { answerDeleted } from '../written-headers.ts';

/** DELETE /v1/projects/{project}/hostnames/{name} */
export const removeHostname = defineOperation({
  id: 'removeHostname',
  method: 'delete',
  path: '/v1/projects/{project}/hostnames/{name}',
  scope: 'admin',
  tag: 'hostnames',
  summary: 'Gives a hostname up; refused while a route serves it',
  params: certificatePath,
  dryRun: true,
  answers: { 204: { description: 'The hostname is free', headers: deleteHeaders } },
  async handle(parts, { path, mode }) {
    const { revision } = await parts.store.removeHostname(path.project, path.name, mode);
    return answerDeleted(revision);
  },
});
