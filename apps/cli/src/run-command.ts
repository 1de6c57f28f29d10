import { fileURLToPath } from 'node:url';
import type { Config as OclifConfig } from '@oclif/core/config';
import { loadCommand } from './command-map.ts';

/** What of oclif's commands starts them; oclif's own way there reads plugins, manifests and more from disk. */
interface Startable {
  _run(): Promise<unknown>;
}

/** Loads one command of the list and runs it; what it throws is the caller's. `watchInterrupt` is called unless it handles signals itself. */
export async function runCommand(
  id: string,
  argv: readonly string[],
  watchInterrupt: () => void,
): Promise<void> {
  if (id === 'edge' && argv.length === 0) {
    // Nothing is there to be parsed, and clients wait for this start: oclif would be a fifth of it.
    const { runEdge } = await import('./platform/run-edge.ts');
    return runEdge();
  }
  const commandClass = await loadCommand(id);
  commandClass.id = id;
  if (commandClass.handlesSignals !== true) watchInterrupt();
  const { Config } = await import('@oclif/core/config');
  const config = new Config({ root: fileURLToPath(new URL('..', import.meta.url)) });
  config.bin = 'postern';
  // Hooks belong to plugins, and there are none.
  config.runHook = async () => ({ successes: [], failures: [] });
  const Runnable = commandClass as unknown as new (argv: string[], config: OclifConfig) => Startable;
  await new Runnable([...argv], config)._run();
}
