import { type EdgeOptions, type RunningEdge, readEdgeEnv, startEdge } from '@postern/edge';
import { createLog, writeListenAddress } from '@postern/runtime';
import type { StartedPart } from './run-until-signal.ts';

/** Starts an edge and waits until it serves. `stop` ends the wait, which without any copy of the feed lasts until there is an API. */
export async function startReadyEdge(options: EdgeOptions, stop: AbortSignal): Promise<RunningEdge> {
  const edge = await startEdge(options);
  // Closing is what makes `ready` give up.
  const close = (): void => void edge.close();
  stop.addEventListener('abort', close, { once: true });
  if (stop.aborted) close();
  try {
    await edge.ready();
    return edge;
  } catch (error) {
    await edge.close();
    throw error;
  } finally {
    stop.removeEventListener('abort', close);
  }
}

/** `postern edge`: an edge in a process of its own; it is ready once it has a copy of the hosts. */
export async function startEdgeAlone(stop: AbortSignal): Promise<StartedPart> {
  const edge = await startReadyEdge({ ...readEdgeEnv(), log: createLog('edge') }, stop);
  return {
    lines: [`The edge is ready on ${writeAddresses(edge)}.`],
    close: () => edge.close(),
  };
}

/** The addresses on which an edge serves hosts, for a person. */
export function writeAddresses(edge: RunningEdge): string {
  return edge.addresses.https.map(writeListenAddress).join(', ');
}
