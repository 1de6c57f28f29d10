import { setTimeout as sleep } from 'node:timers/promises';
import type { PosternClient } from '@postern/client';
import type { HostnameResource } from '@postern/contracts';

/** Milliseconds between looks at what the certificate worker has found. */
const POLL_MS = 200;

/** Waits until DNS was looked at again; undefined where that did not happen within the time. */
export async function waitForCheck(
  client: Pick<PosternClient, 'hostnames'>,
  project: string,
  before: HostnameResource,
  timeoutMs: number,
): Promise<HostnameResource | undefined> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const hostname = await client.hostnames.get(project, before.name);
    if (hostname.checked !== null && hostname.checked.at !== before.checked?.at) return hostname;
    if (performance.now() >= until) return undefined;
    await sleep(Math.min(POLL_MS, Math.max(0, until - performance.now())));
  }
}
