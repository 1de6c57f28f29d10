import { runUntilSignal } from './run-until-signal.ts';
import { startEdgeAlone } from './start-edge.ts';

/** Runs an edge until a signal ends it, and sets the exit status. */
export async function runEdge(): Promise<void> {
  process.exitCode = await runUntilSignal('edge', startEdgeAlone);
}
