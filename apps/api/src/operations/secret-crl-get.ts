import { crlDocument, PosternError } from '@postern/contracts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';

/** GET /v1/projects/{project}/secrets/{name}/crl */
export const getSecretCrl = defineOperation({
  id: 'getSecretCrl',
  method: 'get',
  path: '/v1/projects/{project}/secrets/{name}/crl',
  scope: 'admin',
  tag: 'secrets',
  summary: 'Gives the revocation list of a crl secret as edges have it; lists are public',
  params: namedPath,
  answers: { 200: { description: 'The list', schema: crlDocument.meta({ id: 'CrlDocument' }) } },
  async handle(parts, { path }) {
    const document = await parts.store.getCrl(path);
    if (document !== null) return { status: 200, body: document };
    throw new PosternError('not_found', { detail: `secret ${path.name} holds no revocation list` });
  },
});
