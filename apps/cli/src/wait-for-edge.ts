import type { PosternClient } from '@postern/client';
import { PosternError } from '@postern/contracts';
import { failureKindOf } from './exit-codes.ts';
import { messageOf } from './output/report-error.ts';

/** What a write answers about when edges see it. */
export interface WrittenAt {
  readonly revision: number;
  readonly job?: string | null;
}

/** Milliseconds. Where no edge has connected by then, waiting longer is no use to anybody. */
const EDGE_EXPECTED_MS = 1000;

/**
 * Waits until every connected edge serves by a write. Gives undefined then, and otherwise one line that says what is
 * missing: the write itself stands, even if the API goes away meanwhile.
 */
export async function waitForEdge(
  client: PosternClient,
  written: WrittenAt,
  timeoutMs: number,
): Promise<string | undefined> {
  try {
    return await waitApplied(client, written, timeoutMs);
  } catch (error) {
    return explainLostWait(error);
  }
}

/** The line for a wait that broke off; a fault of the program itself is thrown on. */
export function explainLostWait(error: unknown): string {
  if (!(error instanceof PosternError) && failureKindOf(error) !== 'unreachable') throw error;
  return `the change is written, but whether it is served cannot be seen: ${messageOf(error)}`;
}

async function waitApplied(
  client: PosternClient,
  written: WrittenAt,
  timeoutMs: number,
): Promise<string | undefined> {
  const until = performance.now() + timeoutMs;
  const wanted = { revision: written.revision, job: written.job };
  let applied = await client.waitApplied({ ...wanted, timeoutMs: Math.min(timeoutMs, EDGE_EXPECTED_MS) });
  const leftMs = until - performance.now();
  if (!applied.complete && applied.reason !== 'no_edge' && leftMs > 0) {
    applied = await client.waitApplied({ ...wanted, timeoutMs: leftMs });
  }
  if (applied.complete) return undefined;
  if (applied.reason === 'no_edge')
    return 'no edge is connected: the change is written, and served once one is';
  const behind = applied.edges
    .filter((edge) => edge.appliedRevision < written.revision)
    .map((edge) => edge.edge);
  const who = behind.length === 0 ? '' : ` by ${behind.join(', ')}`;
  return `the change is written, but after ${timeoutMs} ms not served yet${who}`;
}
