import { z } from '@hono/zod-openapi';
import { labels, serviceResource, serviceSpec } from '@postern/contracts';
import { withPointersUnder } from '../body-pointers.ts';
import { writeHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { serviceResourceOf } from '../service-resource.ts';
import { writtenHeaders } from '../written-headers.ts';

/** PUT /v1/projects/{project}/services/{name} */
export const updateService = defineOperation({
  id: 'updateService',
  method: 'put',
  path: '/v1/projects/{project}/services/{name}',
  scope: 'admin',
  tag: 'services',
  summary: 'Replaces the spec of a service, and its labels where they are sent',
  params: namedPath,
  body: z.strictObject({ labels: labels.optional(), spec: serviceSpec }).meta({ id: 'ServiceUpdate' }),
  ifMatch: true,
  dryRun: true,
  answers: { 200: { description: 'The service', schema: serviceResource, headers: writeHeaders } },
  async handle(parts, { path, body, precondition, mode }) {
    const written = await withPointersUnder(
      'spec',
      parts.store.updateService({ ...path, ...body, ...precondition }, mode),
    );
    const resource = serviceResourceOf(parts, written.record);
    return { status: 200, body: resource, headers: writtenHeaders(written, resource) };
  },
});
