import { z } from '@hono/zod-openapi';
import { labels, secretInput, secretResource } from '@postern/contracts';
import { withPointersUnder } from '../body-pointers.ts';
import { createHeaders, writeHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { readSecretInput } from '../read-secret-input.ts';
import { secretResourceOf } from '../secret-resource.ts';
import { writtenHeaders } from '../written-headers.ts';

/** PUT /v1/projects/{project}/secrets/{name} */
export const putSecret = defineOperation({
  id: 'putSecret',
  method: 'put',
  path: '/v1/projects/{project}/secrets/{name}',
  scope: 'admin',
  tag: 'secrets',
  summary: 'Creates a secret or replaces its values; values are never given out again',
  params: namedPath,
  body: z.strictObject({ labels: labels.optional(), secret: secretInput }).meta({ id: 'SecretPut' }),
  ifMatch: true,
  ifNoneMatch: 'must-not-exist',
  dryRun: true,
  answers: {
    200: { description: 'The secret, replaced', schema: secretResource, headers: writeHeaders },
    201: { description: 'The new secret', schema: secretResource, headers: createHeaders },
  },
  async handle(parts, { path, body, precondition, mode }) {
    const { write, warnings } = readSecretInput(body.secret, path, parts.masterKey, parts.now());
    const written = await withPointersUnder(
      'secret',
      parts.store.putSecret({ ...path, ...precondition, labels: body.labels, ...write }, mode),
    );
    const location = `/v1/projects/${path.project}/secrets/${path.name}`;
    const resource = secretResourceOf(written.record, parts.now());
    return {
      status: written.created ? 201 : 200,
      // The warnings of this call have places in the sent text, those of the resource do not.
      body: { ...resource, findings: [...warnings] },
      headers: writtenHeaders(written, resource, location),
    };
  },
});
