import { deleteHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { revocationPath } from '../path-parameters.ts';
import { answerDeleted } from '../written-headers.ts';

/** DELETE /v1/projects/{project}/revocations/{id} */
export const deleteRevocation = defineOperation({
  id: 'deleteRevocation',
  method: 'delete',
  path: '/v1/projects/{project}/revocations/{id}',
  scope: 'admin',
  tag: 'revocations',
  summary:
    'Takes a revocation back: the certificates it named are admitted again where nothing else refuses them',
  params: revocationPath,
  dryRun: true,
  answers: { 204: { description: 'The revocation is gone', headers: deleteHeaders } },
  async handle(parts, { path, mode, requestId }) {
    const { revision } = await parts.store.deleteRevocation(path.project, path.id, mode);
    if (mode.dryRun !== true)
      parts.log.info({ requestId, revocation: path.id }, 'a revocation is taken back');
    return answerDeleted(revision);
  },
});
