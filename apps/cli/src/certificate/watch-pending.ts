import { setTimeout as sleep } from 'node:timers/promises';
import type { PosternClient } from '@postern/client';
import { progressBar } from './progress-bar.ts';

/** Milliseconds between looks. */
const LOOK_EVERY_MS = 1000;

/** Where the progress is shown. */
interface Watched {
  /** A line that takes the place of the last one. */
  readonly show: (text: string) => void;
  /** A line that stays. */
  readonly say: (line: string) => void;
}

/** Waits until no certificate of a project is pending, and tells of each that came. What is wanted meanwhile counts too. */
export async function watchPending(
  client: PosternClient,
  project: string,
  { show, say }: Watched,
): Promise<void> {
  const seen = new Set<string>();
  let open = new Map<string, string>();
  for (;;) {
    const found = await client.certificates.list(project, { pending: true });
    const present = new Map(found.map(({ id, names }) => [id, names.join(', ')]));
    for (const id of present.keys()) seen.add(id);
    for (const [id, names] of open) if (!present.has(id)) say(`no longer pending: ${names}`);
    if (present.size === 0) return;
    open = present;
    const failing = found.filter(({ state }) => state === 'failing').length;
    const but = failing === 0 ? '' : `, ${failing} failing`;
    show(`${progressBar(seen.size - present.size, seen.size)} certificates${but}`);
    await sleep(LOOK_EVERY_MS);
  }
}
