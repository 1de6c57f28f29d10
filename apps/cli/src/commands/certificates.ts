import { Command } from '@oclif/core/command';

export class Certificates extends Command {
  static override summary = 'Run the certificate worker alone';
  static override description =
    'Works on the data directory of an API that has been started once, in which it finds database and master key.';
  static readonly related = ['up', 'api'];
  static override examples = ['postern certificates'];
  static readonly handlesSignals = true;

  async run(): Promise<void> {
    await this.parse(Certificates);
    const { quickenDrizzleImports } = await import('../platform/quicken-drizzle-imports.ts');
    quickenDrizzleImports();
    const { runUntilSignal } = await import('../platform/run-until-signal.ts');
    const { startCertificatesAlone } = await import('../platform/start-certificates.ts');
    process.exitCode = await runUntilSignal('certificates', startCertificatesAlone);
  }
}
