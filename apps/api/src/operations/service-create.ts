import { z } from '@hono/zod-openapi';
import { labels, resourceName, serviceResource, serviceSpec } from '@postern/contracts';
import { withPointersUnder } from '../body-pointers.ts';
import { createHeaders, writeHeaders } from '../entity-tag.ts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';
import { serviceResourceOf } from '../service-resource.ts';
import { writtenHeaders } from '../written-headers.ts';

/** POST /v1/projects/{project}/services */
export const createService = defineOperation({
  id: 'createService',
  method: 'post',
  path: '/v1/projects/{project}/services',
  scope: 'admin',
  tag: 'services',
  summary: 'Creates a service',
  params: projectPath,
  body: z
    .strictObject({ name: resourceName, labels: labels.optional(), spec: serviceSpec })
    .meta({ id: 'ServiceCreate' }),
  ifNoneMatch: 'must-not-exist',
  dryRun: true,
  answers: {
    200: {
      description: 'The service, which exists with this very content already',
      schema: serviceResource,
      headers: writeHeaders,
    },
    201: { description: 'The new service', schema: serviceResource, headers: createHeaders },
  },
  async handle(parts, { path, body, precondition, mode }) {
    const written = await withPointersUnder(
      'spec',
      parts.store.createService({ project: path.project, ...body, ...precondition }, mode),
    );
    const resource = serviceResourceOf(parts, written.record);
    return {
      status: written.created ? 201 : 200,
      body: resource,
      headers: writtenHeaders(written, resource, `/v1/projects/${path.project}/services/${body.name}`),
    };
  },
});
