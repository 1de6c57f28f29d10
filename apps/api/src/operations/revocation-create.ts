import { z } from '@hono/zod-openapi';
import {
  type Finding,
  PosternError,
  type ResourceName,
  type RevokedClient,
  revocationCreate,
  revocationResource,
} from '@postern/contracts';
import { nameKeyOf } from '@postern/pki';
import type { Store } from '@postern/store';
import { changeHeaders } from '../entity-tag.ts';
import { countOf, defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';
import { revocationResourceOf } from '../revocation-resource.ts';

/** POST /v1/projects/{project}/revocations */
export const createRevocation = defineOperation({
  id: 'createRevocation',
  method: 'post',
  path: '/v1/projects/{project}/revocations',
  scope: 'admin',
  tag: 'revocations',
  summary:
    'Revokes client certificates on the hosts of a project: new handshakes are refused, open connections end',
  params: projectPath,
  body: revocationCreate,
  dryRun: true,
  answers: {
    200: { description: 'It was revoked already', schema: revocationResource, headers: changeHeaders },
    201: {
      description: 'Revoked',
      schema: revocationResource,
      headers: changeHeaders.extend({
        Location: z.string().meta({ description: 'Path of the new revocation' }),
      }),
    },
  },
  async handle(parts, { path, body, mode, requestId }) {
    const { client, reason = 'unspecified', route = null, ca = null } = body;
    const issuerKey = issuerKeyOf(client);
    const written = await parts.store.createRevocation(
      { project: path.project, client, issuerKey, reason, route, ca },
      mode,
    );
    const { record, created, revision, job } = written;
    const findings = issuerKey === null ? [] : await doubtsOfIssuer(parts.store, path.project, issuerKey);
    if (created && mode.dryRun !== true)
      parts.log.info({ requestId, revocation: record.id, client: record.client }, 'a client is revoked');
    return {
      status: created ? 201 : 200,
      body: revocationResourceOf(record, findings),
      headers: {
        'postern-revision': String(revision),
        ...(job === null ? {} : { 'postern-job': job }),
        ...(created ? { location: `/v1/projects/${path.project}/revocations/${record.id}` } : {}),
      },
    };
  },
});

function issuerKeyOf(client: RevokedClient): string | null {
  if (client.by !== 'serial') return null;
  const key = nameKeyOf(client.issuer);
  if (key !== undefined) return key;
  const finding: Finding = {
    severity: 'error',
    code: 'invalid_name',
    message: 'this is not the name of an issuer',
    pointer: '/client/issuer',
    hint: "write the subject of the CA in the certificate's order, like CN=Acme CA, O=Acme",
  };
  throw new PosternError('validation_failed', { detail: countOf([finding]), findings: [finding] });
}

/** An issuer that no CA of the project is called may be an intermediate that clients send, or misspelt. */
async function doubtsOfIssuer(store: Store, project: ResourceName, issuerKey: string): Promise<Finding[]> {
  let after: ResourceName | undefined;
  do {
    const page = await store.listSecrets(project, { limit: 100, after });
    for (const { details } of page.items)
      if (
        details.certificates?.some(({ subject, isCa }) => isCa && nameKeyOf(subject) === issuerKey) === true
      )
        return [];
    after = page.next ?? undefined;
  } while (after !== undefined);
  return [
    {
      severity: 'warning',
      code: 'issuer_unknown',
      message:
        'no CA in the secrets of this project has this name: it must be that of an intermediate that clients send',
      pointer: '/client/issuer',
      hint: 'look at the issuer with: openssl x509 -in client.crt -noout -issuer',
    },
  ];
}
