import { setTimeout as sleep } from 'node:timers/promises';
import { z } from '@hono/zod-openapi';
import { ROTATION_GRACE_MS, type RouteRotation, routeRotation } from '@postern/contracts';
import { defineOperation } from '../operation.ts';
import { namedPath } from '../path-parameters.ts';
import { rotationOf } from '../route-rotation.ts';

/** Milliseconds. An edge needs one report to hear of the wish, which comes every 10 s. */
const WAIT_MAX_MS = 60_000;
/** Milliseconds. The refusals and sightings of clients are kept for that long. */
const GRACE_MAX_MS = 30 * 86_400_000;
/** Milliseconds between looks: reports wake the wait, an edge that falls silent does not. */
const LOOK_MS = 2_000;

const milliseconds = (max: number) =>
  z
    .string()
    .regex(/^\d{1,12}$/, 'a whole number of milliseconds is expected')
    .transform(Number)
    .refine((value) => value <= max, `at most ${max}`);

/** GET /v1/projects/{project}/routes/{name}/rotation */
export const getRouteRotation = defineOperation({
  id: 'getRouteRotation',
  method: 'get',
  path: '/v1/projects/{project}/routes/{name}/rotation',
  scope: 'admin',
  tag: 'routes',
  summary:
    'Says how far the clients of a route have moved to its next CA; waits for edges to tell whom they saw',
  params: namedPath,
  query: z.strictObject({
    graceMs: milliseconds(GRACE_MAX_MS).optional(),
    waitMs: milliseconds(WAIT_MAX_MS).optional(),
  }),
  answers: {
    200: {
      description: 'What is known; `finishable` says whether anything stands against the end of the rotation',
      schema: routeRotation,
    },
  },
  async handle(parts, { path, query, request }) {
    const upTo = parts.now();
    const graceMs = query.graceMs ?? ROTATION_GRACE_MS;
    const deadline = performance.now() + (query.waitMs ?? 0);
    const ending = AbortSignal.any([request.signal, parts.stopping]);
    const stopWanting = (query.waitMs ?? 0) > 0 ? parts.edges.wantSightings(upTo) : () => undefined;
    try {
      for (;;) {
        // Made before the look, so that a report between the look and the wait is not missed.
        const woken = new AbortController();
        const off = parts.edges.onChange(() => woken.abort());
        try {
          const record = await parts.store.getRoute(path);
          const rotation = await rotationOf(parts, path.project, record, { graceMs, upTo });
          const leftMs = deadline - performance.now();
          if (!mayImprove(rotation) || leftMs <= 0 || ending.aborted) return { status: 200, body: rotation };
          const signal = AbortSignal.any([woken.signal, ending]);
          await sleep(Math.min(LOOK_MS, leftMs), undefined, { signal }).catch(() => undefined);
        } finally {
          off();
        }
      }
    } finally {
      stopWanting();
    }
  },
});

/** Edges may come back and report; clients that used the old CA cannot undo that. */
function mayImprove({ obstacles }: RouteRotation): boolean {
  const codes = new Set(obstacles.map(({ code }) => code));
  return !codes.has('not_rotating') && (codes.has('edge_not_reported') || codes.has('edge_unreachable'));
}
