import { setTimeout as sleep } from 'node:timers/promises';
import type { PosternClient } from '@postern/client';
import type { RouteResource } from '@postern/contracts';
import { type WrittenAt, waitForEdge } from '../wait-for-edge.ts';

/** Milliseconds between looks at the status of a new route; its certificate takes about one such step. */
const LOOK_EVERY_MS = 50;

/**
 * Waits until a new route is served, at most `timeoutMs`, and gives its newest state. When it is not ready by then, says
 * why in one line; the route is written all the same.
 */
export async function waitUntilReady(
  client: PosternClient,
  written: WrittenAt & { readonly resource: RouteResource },
  timeoutMs: number,
  say: (line: string) => void,
): Promise<RouteResource> {
  const until = performance.now() + timeoutMs;
  let route = written.resource;
  const missing = await waitForEdge(client, written, timeoutMs);
  if (missing !== undefined) {
    say(`warning: ${missing}`);
    return route;
  }
  for (;;) {
    route = await client.routes.get(route.project, route.name);
    // A route that is closed by a fault of its own does not get ready by waiting.
    if (route.status.ready || route.status.reason === 'closed') break;
    if (performance.now() + LOOK_EVERY_MS > until) break;
    await sleep(LOOK_EVERY_MS);
  }
  if (!route.status.ready) {
    say(
      `warning: ${route.name} is written but not served yet (${route.status.reason}): ${route.status.message}`,
    );
  }
  return route;
}
