import { readEdgeEnv, startEdge } from '@postern/edge';
import { createLog, writeListenAddress } from '@postern/runtime';
import type { StartedPart } from './run-until-signal.ts';

/** `postern edge`: an edge in a process of its own; it is ready once it has a copy of the hosts. */
export async function startEdgeAlone(): Promise<StartedPart> {
  const edge = await startEdge({ ...readEdgeEnv(), log: createLog('edge') });
  try {
    await edge.ready();
  } catch (error) {
    await edge.close();
    throw error;
  }
  return {
    lines: [`The edge is ready on ${edge.addresses.https.map(writeListenAddress).join(', ')}.`],
    close: () => edge.close(),
  };
}
