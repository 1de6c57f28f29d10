import { Command } from '@oclif/core/command';

export class Demo extends Command {
  static override summary = 'Run the echo service alone';
  static override description =
    'Answers every request with what it received, on POSTERN_DEMO_LISTEN. Made for trying things.';
  static readonly related = ['up', 'service create'];
  static override examples = ['postern demo'];
  static readonly handlesSignals = true;

  async run(): Promise<void> {
    await this.parse(Demo);
    const { runUntilSignal } = await import('../platform/run-until-signal.ts');
    const { startDemoAlone } = await import('../platform/start-demo-service.ts');
    process.exitCode = await runUntilSignal('demo', startDemoAlone);
  }
}
