import { revocationResource } from '@postern/contracts';
import { defineOperation } from '../operation.ts';
import { revocationPath } from '../path-parameters.ts';
import { revocationResourceOf } from '../revocation-resource.ts';

/** GET /v1/projects/{project}/revocations/{id} */
export const getRevocation = defineOperation({
  id: 'getRevocation',
  method: 'get',
  path: '/v1/projects/{project}/revocations/{id}',
  scope: 'admin',
  tag: 'revocations',
  summary: 'Gives one revocation',
  params: revocationPath,
  answers: { 200: { description: 'The revocation', schema: revocationResource } },
  async handle(parts, { path }) {
    const record = await parts.store.getRevocation(path.project, path.id);
    return { status: 200, body: revocationResourceOf(record) };
  },
});
