import { z } from '@hono/zod-openapi';
import {
  type Finding,
  labels,
  PosternError,
  type ResourceName,
  secretInput,
  secretResource,
} from '@postern/contracts';
import type { Store } from '@postern/store';
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
    const caPem =
      body.secret.type === 'crl' ? await caPemOf(parts.store, path.project, body.secret.ca.name) : '';
    const { write, warnings } = readSecretInput(body.secret, path, parts.masterKey, parts.now(), caPem);
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

/** The CAs that a revocation list may be of. */
async function caPemOf(store: Store, project: ResourceName, ca: ResourceName): Promise<string> {
  const { caPem } = (await store.secretDetails(project, [ca])).get(ca) ?? {};
  if (caPem !== undefined) return caPem;
  const message = `there is no tls-ca secret "${ca}"`;
  const finding: Finding = {
    severity: 'error',
    code: 'reference_missing',
    message,
    pointer: '/secret/ca/name',
    hint: `create it: postern secret create tls-ca ${ca} --cert FILE`,
  };
  throw new PosternError('validation_failed', { detail: message, findings: [finding] });
}
