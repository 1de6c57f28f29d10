import { setTimeout as sleep } from 'node:timers/promises';
import type { PosternClient } from '@postern/client';
import type { ServiceResource, TargetStatus } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { explainLostWait, type WrittenAt, waitForEdge } from '../wait-for-edge.ts';

/** Milliseconds between looks; a first check takes about half a second. */
const LOOK_EVERY_MS = 100;

/**
 * Waits until every edge serves by a write and, where the service has a health check, finds every target healthy. Gives a
 * line about what could not be waited for. Throws CliFailure `unreachable`, naming each target that is not healthy and why.
 */
export async function waitUntilHealthy(
  client: PosternClient,
  written: WrittenAt & { readonly resource: ServiceResource },
  timeoutMs: number,
): Promise<string | undefined> {
  const until = performance.now() + timeoutMs;
  const missing = await waitForEdge(client, written, timeoutMs);
  const { project, name, spec, usedBy } = written.resource;
  if (missing !== undefined) return `warning: ${missing}`;
  if (spec.healthCheck === undefined) return undefined;
  if (usedBy.length === 0) return `no route leads to ${name} yet: its targets are checked once one does`;
  for (;;) {
    let service: ServiceResource;
    try {
      service = await client.services.get(project, name);
    } catch (error) {
      return `warning: ${explainLostWait(error)}`;
    }
    const others = service.status.targets.filter(({ state }) => state !== 'healthy');
    if (others.length === 0) return undefined;
    if (performance.now() + LOOK_EVERY_MS > until) {
      throw new CliFailure(
        'unreachable',
        `${name} is written and served, but after ${timeoutMs} ms not every target is healthy: ${others.map(whyNot).join('; ')}`,
        { hint: `postern service get ${name}` },
      );
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** A target and what the edges say of it, in a few words. */
function whyNot({ url, state, edges, healthy, lastError }: TargetStatus): string {
  const where = state === 'mixed' ? ` at ${edges - healthy} of ${edges} edges` : '';
  return `${url} is ${state === 'mixed' ? 'unhealthy' : state}${where}${lastError === null ? '' : ` (${lastError.message})`}`;
}
