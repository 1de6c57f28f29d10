import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@postern/contracts';
import type { Store } from '@postern/store';
import type { EdgeRegistry } from './edge-registry.ts';

/** Milliseconds between two looks: an edge that reports at every revision costs at most ten writes a second. */
const PAUSE_MS = 100;
/** Milliseconds after which an edge that stands still is noted again, so that it does not count as gone. */
const AGAIN_MS = 15_000;

/**
 * Writes into the store how far each connected edge is, for the certificate worker, which may be another process and asks no
 * CA to look before every edge answers its challenge. Revisions are written only while there are challenges; that an edge is
 * there, always.
 */
export function startEdgePositions(options: {
  readonly store: Pick<Store, 'noteEdge' | 'forgetEdge' | 'listChallenges'>;
  readonly edges: EdgeRegistry;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}): { stop(): Promise<void> } {
  const { store, edges, log, now } = options;
  const stopping = new AbortController();
  const noted = new Map<string, { readonly revision: number; readonly at: number }>();
  let wake = () => {};
  let isNews = true;
  const unsubscribe = edges.onChange(() => {
    isNews = true;
    wake();
  });

  const look = async (): Promise<void> => {
    const connected = edges.listConnected(now());
    const here = new Set(connected.map(({ id }) => id));
    for (const id of noted.keys()) {
      if (here.has(id)) continue;
      await store.forgetEdge(id);
      noted.delete(id);
    }
    const isAsked = (await store.listChallenges()).length > 0;
    for (const { id, edge, appliedRevision } of connected) {
      const last = noted.get(id);
      const isStale = last === undefined || now() - last.at >= AGAIN_MS;
      if (!isStale && (!isAsked || last.revision === appliedRevision)) continue;
      await store.noteEdge({ id, name: edge, appliedRevision });
      noted.set(id, { revision: appliedRevision, at: now() });
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      isNews = false;
      try {
        await look();
      } catch (error) {
        log.error({ err: error }, 'how far the edges are could not be stored; it is tried again');
      }
      await sleep(PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (isNews || stopping.signal.aborted) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, AGAIN_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const running = run();
  return {
    async stop() {
      stopping.abort();
      unsubscribe();
      wake();
      await running;
    },
  };
}
