import { z } from '@hono/zod-openapi';
import { PosternError, RESOURCE_KINDS, resourceName } from '@postern/contracts';
import { filterQuery } from '../list-query.ts';
import { defineOperation } from '../operation.ts';
import { projectPath } from '../path-parameters.ts';
import { streamWatch } from '../watch/stream-watch.ts';
import { lookAt } from '../watch/watched-resources.ts';
import { watchStreamEnd } from '../watch-stream-end.ts';

/** GET /v1/projects/{project}/watch: beside the collections, so that no resource's name can collide with it. */
export const watchResources = defineOperation({
  id: 'watchResources',
  method: 'get',
  path: '/v1/projects/{project}/watch',
  scope: 'admin',
  tag: 'watch',
  summary: 'Streams one resource, or all of a kind that a filter selects, and every change of them',
  params: projectPath,
  query: z
    .strictObject({
      kind: z.enum(RESOURCE_KINDS),
      name: resourceName.optional().meta({ description: 'One resource; all of the kind when absent' }),
      ...filterQuery,
    })
    .refine(
      ({ name, labelSelector, namePrefix }) =>
        name === undefined || (labelSelector === undefined && namePrefix === undefined),
      {
        path: ['name'],
        error: 'one resource is watched by name alone, without namePrefix and labelSelector',
      },
    ),
  requestHeaders: z.object({
    'Last-Event-ID': z.string().optional().meta({
      description: 'Id of the last event received: when nothing has changed since, only `synced` comes',
    }),
  }),
  answers: {
    200: {
      description:
        'Events `present` (each resource there is), `synced`, then `added`, `changed`, `deleted`; data is WatchEventData; comments while nothing happens',
      contentType: 'text/event-stream',
    },
  },
  async handle(parts, { path, query, request, token, requestId }) {
    // HEAD is answered by the GET handler; nobody would ever read the stream.
    if (request.method !== 'GET') {
      throw new PosternError('method_not_allowed', { detail: 'a watch is read with GET' });
    }
    const leave = parts.watches.enter(token?.id ?? '');
    try {
      const look = () => lookAt(parts, path.project, query);
      const signal = AbortSignal.any([request.signal, parts.stopping]);
      const stream = streamWatch({
        first: await parts.watches.inTurn(look),
        look: () => parts.watches.inTurn(look),
        isOne: query.name !== undefined,
        lastEventId: request.headers.get('last-event-id'),
        onWrite: (listener) => {
          const offs = [parts.store.onWrite(listener), parts.edges.onChange(listener)];
          return () => {
            for (const off of offs) off();
          };
        },
        signal,
        heartbeatMs: parts.heartbeatMs,
        onFailure: (error) => parts.log.error({ requestId, err: error }, 'a watch failed'),
      });
      return new Response(watchStreamEnd(stream, leave, signal), {
        headers: {
          'content-type': 'text/event-stream',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        },
      });
    } catch (error) {
      leave();
      throw error;
    }
  },
});
