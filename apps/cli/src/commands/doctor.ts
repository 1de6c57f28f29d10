import type { Check } from '@postern/doctor';
import { PosternCommand } from '../base-command.ts';

export class Doctor extends PosternCommand {
  static override summary = 'Check configuration, API, token, versions, clock, edge and data directory';
  static override description =
    'Each line says pass, warn, fail or skip, what was found, and what to do about it. Looks only: nothing is changed or locked. The edge is asked under the public address of one route of the project.';
  static readonly exits = {
    0: 'nothing failed (warnings are printed)',
    1: 'something failed',
  };
  static readonly related = ['context:show', 'route:test', 'up'];
  static override examples = ['postern doctor', 'postern doctor --context prod --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    const { runChecks } = await import('../doctor/run-checks.ts');
    const checks = await runChecks(this.env, flags, () => this.connect(flags));
    const { formatTable } = await import('../output/format-table.ts');
    await this.show(flags, {
      data: { ok: !hasFailed(checks), checks },
      names: checks.filter(({ status }) => status === 'fail').map(({ name }) => name),
      text: (layout) =>
        formatTable(
          ['STATUS', 'CHECK', 'FOUND', 'TRY'],
          checks.map(({ status, name, detail, hint }) => [status, name, detail, hint ?? '']),
          layout,
        ),
    });
    if (hasFailed(checks)) process.exitCode = 1;
  }
}

function hasFailed(checks: readonly Check[]): boolean {
  return checks.some(({ status }) => status === 'fail');
}
