import { z } from '@hono/zod-openapi';
import { labels, routeDescriptor, routeResource } from '@postern/contracts';
import { withPointersUnder } from '../body-pointers.ts';
import { refuseDescriptorErrors } from '../check-descriptor.ts';
import { writeHeaders } from '../entity-tag.ts';
import { needsProof } from '../hostname-resource.ts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { writtenRouteOf } from '../route-resource.ts';
import { writtenHeaders } from '../written-headers.ts';

/** PUT /v1/projects/{project}/routes/{name} */
export const updateRoute = defineOperation({
  id: 'updateRoute',
  method: 'put',
  path: '/v1/projects/{project}/routes/{name}',
  scope: 'admin',
  tag: 'routes',
  summary: 'Replaces the descriptor of a route, and its labels where they are sent',
  params: namedPath,
  body: z.strictObject({ labels: labels.optional(), spec: routeDescriptor }).meta({ id: 'RouteUpdate' }),
  ifMatch: true,
  dryRun: true,
  answers: { 200: { description: 'The route', schema: routeResource, headers: writeHeaders } },
  async handle(parts, { path, body, precondition, mode }) {
    refuseDescriptorErrors(body.spec);
    const written = await withPointersUnder(
      'spec',
      parts.store.updateRoute(
        { ...path, ...body, ...precondition, hostNeedsProof: needsProof(parts, body.spec.host) },
        mode,
      ),
    );
    const resource = await writtenRouteOf(parts, written, mode);
    return { status: 200, body: resource, headers: writtenHeaders(written, resource) };
  },
});
