import { setTimeout as sleep } from 'node:timers/promises';
import type { PosternClient } from '@postern/client';
import type { HostnameResource } from '@postern/contracts';

/** Milliseconds between looks at what the certificate worker has found. */
const POLL_MS = 200;

/** Waits until a look at DNS that was asked for has ended, `asked` being the answer to that; undefined where that takes longer. */
export async function waitForCheck(
  client: Pick<PosternClient, 'hostnames'>,
  project: string,
  asked: HostnameResource,
  timeoutMs: number,
): Promise<HostnameResource | undefined> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const hostname = await client.hostnames.get(project, asked.name);
    // A look that began before leaves the time at which this one is due.
    if (hostname.nextCheckAt !== asked.nextCheckAt) return hostname;
    if (performance.now() >= until) return undefined;
    await sleep(Math.min(POLL_MS, Math.max(0, until - performance.now())));
  }
}
