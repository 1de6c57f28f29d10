import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';

export class Up extends Command {
  static override summary = 'Run API, certificate worker and edge in one place';
  static override description =
    'Keeps its data in POSTERN_DATA_DIR and runs until SIGTERM or Ctrl-C. docs/settings.md lists every variable.';
  static readonly related = ['api', 'certificates', 'edge', 'route create'];
  static override examples = ['postern up', 'postern up --demo'];
  static override flags = {
    demo: Flags.boolean({ description: 'run the echo service too, registered as "echo" in project default' }),
  };
  static readonly handlesSignals = true;

  async run(): Promise<void> {
    const { flags } = await this.parse(Up);
    const { keepYoungHeap } = await import('../platform/keep-young-heap.ts');
    keepYoungHeap();
    const { runUntilSignal } = await import('../platform/run-until-signal.ts');
    const { startUp } = await import('../platform/start-up.ts');
    process.exitCode = await runUntilSignal('up', (stop) => startUp({ demo: flags.demo }, stop));
  }
}
