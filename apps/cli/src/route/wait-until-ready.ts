import { setTimeout as sleep } from 'node:timers/promises';
import type { PosternClient } from '@postern/client';
import type { RouteResource } from '@postern/contracts';
import { explainLostWait, type WrittenAt, waitForEdge } from '../wait-for-edge.ts';

/** Milliseconds between looks at the status of a new route; its certificate takes about one such step. */
const LOOK_EVERY_MS = 50;

/**
 * Waits until a new route is served, at most `timeoutMs`, and gives its newest state. When it is not ready by then, says
 * why in one line; the route is written all the same. `look` is told every state on the way.
 */
export async function waitUntilReady(
  client: PosternClient,
  written: WrittenAt & { readonly resource: RouteResource },
  timeoutMs: number,
  say: (line: string) => void,
  look: (route: RouteResource) => void = () => undefined,
): Promise<RouteResource> {
  const until = performance.now() + timeoutMs;
  let route = written.resource;
  let missing = await waitForEdge(client, written, timeoutMs);
  try {
    while (missing === undefined) {
      route = await client.routes.get(route.project, route.name);
      if (route.status.ready) return route;
      look(route);
      // A route that is closed by a fault of its own does not get ready by waiting.
      if (route.status.reason === 'Closed' || performance.now() + LOOK_EVERY_MS > until) {
        missing = `${route.name} is written but not served yet (${route.status.reason}): ${route.status.message}`;
      } else await sleep(LOOK_EVERY_MS);
    }
  } catch (error) {
    missing = explainLostWait(error);
  }
  say(`warning: ${missing}`);
  return route;
}
