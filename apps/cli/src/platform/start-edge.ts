import {
  type EdgeOptions,
  isSuccessor,
  type RunningEdge,
  readEdgeEnv,
  runSuccessor,
  Succession,
  startEdge,
  successorEnv,
} from '@postern/edge';
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

/**
 * `postern edge`: an edge in a process of its own; it is ready once it has a copy of the hosts. On SIGUSR2 it starts anew, from what is
 * installed then, without a pause for clients.
 */
export async function startEdgeAlone(stop: AbortSignal): Promise<StartedPart> {
  const log = createLog('edge');
  const options = { ...readEdgeEnv(), log };
  if (isSuccessor()) return followEdge(options);
  let succession: Succession | undefined;
  process.on('SIGUSR2', () => {
    if (succession === undefined) log.warn({}, 'the edge is still starting; it is not restarted');
    else void succession.restart();
  });
  const edge = await startReadyEdge(options, stop);
  const started = new Succession({
    edge,
    command: [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    env: successorEnv(),
    log,
  });
  succession = started;
  return {
    lines: [`The edge is ready on ${writeAddresses(edge)}.`],
    close: () => started.close(),
    lost: started.lost,
  };
}

/** The same, started by an edge that is to be restarted. */
async function followEdge(options: EdgeOptions): Promise<StartedPart> {
  const edge = await runSuccessor(options);
  return {
    lines: [`The edge was restarted on ${writeAddresses(edge)}.`],
    async close() {
      await edge.close();
      // The channel to the process that started it would keep this one alive.
      process.exit(0);
    },
  };
}

/** The addresses on which an edge serves hosts, for a person. */
export function writeAddresses(edge: RunningEdge): string {
  return edge.addresses.https.map(writeListenAddress).join(', ');
}
