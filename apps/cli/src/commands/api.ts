import { Command } from '@oclif/core/command';

export class Api extends Command {
  static override summary = 'Run the control API alone';
  static override description =
    'Makes the data directory, its master key and its tokens where they are missing. Edges and the certificate worker run beside it.';
  static readonly related = ['up', 'certificates', 'edge'];
  static override examples = ['postern api'];
  static readonly handlesSignals = true;

  async run(): Promise<void> {
    await this.parse(Api);
    const { keepYoungHeap } = await import('../platform/keep-young-heap.ts');
    keepYoungHeap();
    const { quickenDrizzleImports } = await import('../platform/quicken-drizzle-imports.ts');
    quickenDrizzleImports();
    const { runUntilSignal } = await import('../platform/run-until-signal.ts');
    const { startApiAlone } = await import('../platform/start-api.ts');
    process.exitCode = await runUntilSignal('api', startApiAlone);
  }
}
