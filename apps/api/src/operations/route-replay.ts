import { z } from '@hono/zod-openapi';
import { PosternError, routeDescriptor, routeReplay } from '@postern/contracts';
import { findingsUnder } from '../body-pointers.ts';
import { refuseDescriptorErrors } from '../check-descriptor.ts';
import { countOf, defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { replayRoute as replay } from '../replay-route.ts';

/** POST /v1/projects/{project}/routes/{name}/replay */
export const replayRoute = defineOperation({
  id: 'replayRoute',
  method: 'post',
  path: '/v1/projects/{project}/routes/{name}/replay',
  scope: 'admin',
  tag: 'routes',
  summary:
    'Says which clients that were seen lately another descriptor would take to the other side; writes nothing',
  params: namedPath,
  body: z
    .strictObject({
      spec: routeDescriptor,
      since: z.iso
        .datetime({ offset: true })
        .meta({ description: 'Clients seen, or refused, then or later' }),
    })
    .meta({ id: 'RouteReplayRequest' }),
  answers: { 200: { description: 'Whoever changes sides', schema: routeReplay } },
  async handle(parts, { path, body, request }) {
    refuseDescriptorErrors(body.spec);
    const { spec } = await parts.store.getRoute(path);
    const present = await parts.store.draftHost(path, spec);
    const next = await parts.store.draftHost(path, body.spec);
    if (next.findings.some(({ severity }) => severity === 'error')) {
      const findings = findingsUnder('spec', next.findings);
      throw new PosternError('validation_failed', { detail: countOf(findings), findings });
    }
    const signal = AbortSignal.any([request.signal, parts.stopping]);
    const since = Date.parse(body.since);
    const result = await replay(parts, { target: path, present, next, since, signal });
    return { status: 200, body: result };
  },
});
