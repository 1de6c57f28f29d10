import { z } from '@hono/zod-openapi';
import {
  hostname,
  labels,
  PosternError,
  parseWith,
  type RouteDescriptor,
  resourceName,
  routeDescriptor,
  routeResource,
} from '@postern/contracts';
import { findingsUnder, withPointersUnder } from '../body-pointers.ts';
import { refuseDescriptorErrors } from '../check-descriptor.ts';
import { createHeaders, writeHeaders } from '../entity-tag.ts';
import { withGeneratedHostname } from '../generate-hostname.ts';
import { needsProof } from '../hostname-resource.ts';
import { countOf, defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';
import { writtenRouteOf } from '../route-resource.ts';
import { writtenHeaders } from '../written-headers.ts';

/** A descriptor whose host may be left out; what it says about several keys together is checked with the host filled in. */
const routeDraft = z
  .strictObject({ ...routeDescriptor.shape, host: hostname.optional() })
  .meta({ id: 'RouteDraft' });

/** POST /v1/projects/{project}/routes */
export const createRoute = defineOperation({
  id: 'createRoute',
  method: 'post',
  path: '/v1/projects/{project}/routes',
  scope: 'admin',
  tag: 'routes',
  summary: 'Creates a route; without spec.host it gets a generated one',
  params: projectPath,
  body: z
    .strictObject({ name: resourceName, labels: labels.optional(), spec: routeDraft })
    .meta({ id: 'RouteCreate' }),
  ifNoneMatch: 'must-not-exist',
  dryRun: true,
  answers: {
    200: {
      description: 'The route, which exists with this very content already',
      schema: routeResource,
      headers: writeHeaders,
    },
    201: { description: 'The new route', schema: routeResource, headers: createHeaders },
  },
  async handle(parts, { path, body, precondition, mode }) {
    const write = async (draft: unknown, generatedHost: boolean) => {
      const spec = parseDescriptor(draft);
      refuseDescriptorErrors(spec);
      return withPointersUnder(
        'spec',
        parts.store.createRoute(
          {
            project: path.project,
            name: body.name,
            labels: body.labels,
            spec,
            generatedHost,
            hostNeedsProof: needsProof(parts, spec.host),
            ...precondition,
          },
          mode,
        ),
      );
    };
    const written =
      body.spec.host === undefined
        ? await withGeneratedHostname(parts, (host) => write({ ...body.spec, host }, true))
        : await write(body.spec, false);
    const resource = await writtenRouteOf(parts, written, mode);
    return {
      status: written.created ? 201 : 200,
      body: resource,
      headers: writtenHeaders(written, resource, `/v1/projects/${path.project}/routes/${body.name}`),
    };
  },
});

function parseDescriptor(draft: unknown): RouteDescriptor {
  const result = parseWith(routeDescriptor, draft);
  if (result.ok) return result.value;
  const findings = findingsUnder('spec', result.findings);
  throw new PosternError('validation_failed', { detail: countOf(findings), findings });
}
