import { z } from '@hono/zod-openapi';
import { type Cursor, PosternError } from '@postern/contracts';
import { parseCursor, streamFeed } from '@postern/feed/server';
import { sealerToEdge } from '@postern/pki';
import type { ApiParts } from '../api-parts.ts';
import { EDGE_KEY_HEADER, readEdgeKey } from '../edge-key.ts';
import { defineOperation } from '../operation.ts';
import { resealForEdge } from '../reseal-for-edge.ts';
import { watchStreamEnd } from '../watch-stream-end.ts';

const after = z.string().transform((text, context): Cursor => {
  const cursor = parseCursor(text);
  if (cursor !== null) return cursor;
  context.addIssue({ code: 'custom', message: 'a cursor is EPOCH:REVISION' });
  return z.NEVER;
});

/** GET /v1/feed */
export const getFeed = defineOperation({
  id: 'getFeed',
  method: 'get',
  path: '/v1/feed',
  scope: 'edge',
  tag: 'edges',
  summary: 'Streams changes to an edge as server-sent events; private keys are sealed to the key of the edge',
  query: z.strictObject({
    edge: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,128}$/, 'an edge is named with letters, digits, ".", "_" and "-"'),
    after: after.optional(),
  }),
  requestHeaders: z.object({
    [EDGE_KEY_HEADER]: z.string().meta({ description: 'Raw X25519 public key of the edge, base64url' }),
  }),
  answers: { 200: { description: 'Events `resync`, `change`, `synced`', contentType: 'text/event-stream' } },
  async handle(parts, { query, request, token, requestId }) {
    // HEAD is answered by the GET handler; a stream that nobody reads must not count as a connected edge.
    if (request.method !== 'GET')
      throw new PosternError('method_not_allowed', { detail: 'the feed is read with GET' });
    if (token === null) throw new PosternError('unauthorized');
    const edgeKey = readEdgeKey(request);
    // Before the token is tied to it: a key that nothing can be sealed to must never be the first.
    const seal = sealerToEdge(edgeKey);
    await bindEdgeKey(parts, token.id, edgeKey);
    const signal = AbortSignal.any([request.signal, parts.stopping]);
    const disconnect = parts.edges.connect(token.id, query.edge, parts.now());
    parts.log.info({ requestId, edge: query.edge, after: query.after }, 'an edge reads the feed');
    const leave = () => {
      disconnect();
      parts.log.info({ requestId, edge: query.edge }, 'an edge has left the feed');
    };
    const stream = streamFeed({
      source: parts.store,
      after: query.after ?? null,
      transform: resealForEdge(parts.masterKey, seal),
      signal,
      heartbeatMs: parts.heartbeatMs,
      log: ({ message, error, ...fields }) =>
        parts.log.error({ requestId, edge: query.edge, err: error, ...fields }, message),
    });
    return new Response(watchStreamEnd(stream, leave, signal), {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
    });
  },
});

/** Ties the token to the key at first use. */
async function bindEdgeKey(parts: ApiParts, tokenId: string, edgeKey: string): Promise<void> {
  if (await parts.store.bindEdgeKey(tokenId, edgeKey)) return;
  throw new PosternError('forbidden', {
    detail: 'this token is tied to the key of another edge; give every edge a token of its own',
  });
}
