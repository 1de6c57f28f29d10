import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiParts } from './api-parts.ts';
import type { ConnectedEdge } from './edge-registry.ts';

/** Milliseconds between looks at a job. */
const JOB_LOOK_MS = 50;
/** Milliseconds between looks at edges: connects, disconnects and reports wake the wait, an edge that falls silent does not. */
const EDGES_LOOK_MS = 2000;

interface Applied {
  readonly reason: 'applied' | 'no_edge' | 'job_running' | 'waiting';
  readonly edges: readonly ConnectedEdge[];
}

interface Wanted {
  readonly revision: number;
  readonly job: string | null;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Waits until every connected edge serves by a revision and, where a job is named, by what the job wrote.
 * Gives what holds when that is so, when `waitMs` have passed, or when the signal aborts.
 */
export async function waitUntilApplied(
  parts: Pick<ApiParts, 'store' | 'edges' | 'now'>,
  wanted: Wanted,
): Promise<Applied> {
  const deadline = performance.now() + wanted.waitMs;
  let { revision } = wanted;
  let jobRuns = wanted.job !== null;
  for (;;) {
    // Made before the look, so that a report between the look and the wait is not missed.
    const woken = new AbortController();
    const off = parts.edges.onChange(() => woken.abort());
    try {
      if (wanted.job !== null && jobRuns && (await parts.store.isJobDone(wanted.job))) {
        jobRuns = false;
        revision = Math.max(revision, (await parts.store.cursor()).revision);
      }
      const edges = parts.edges.listConnected(parts.now());
      const reason = jobRuns ? 'job_running' : reasonOf(edges, revision);
      const leftMs = deadline - performance.now();
      if (reason === 'applied' || leftMs <= 0 || wanted.signal.aborted) return { reason, edges };
      const signal = AbortSignal.any([woken.signal, wanted.signal]);
      const lookMs = jobRuns ? JOB_LOOK_MS : EDGES_LOOK_MS;
      await sleep(Math.min(lookMs, leftMs), undefined, { signal }).catch(() => undefined);
    } finally {
      off();
    }
  }
}

function reasonOf(edges: readonly ConnectedEdge[], revision: number): Applied['reason'] {
  if (edges.length === 0) return 'no_edge';
  return edges.every((edge) => edge.appliedRevision >= revision) ? 'applied' : 'waiting';
}
