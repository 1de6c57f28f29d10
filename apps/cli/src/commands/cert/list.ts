import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { usageFailure } from '../../cli-failure.ts';
import { parseFuture } from '../time-flags.ts';

export class CertList extends PosternCommand {
  static override summary = 'List the certificates that Postern gets for hosts, and how far they are';
  static override description =
    'A certificate belongs to the names it is for: it stays when its route goes, and serves the next route of the project with that host. Those of secrets are in secret list. With --pending --watch a bar shows how many are still to come, until all are there.';
  static readonly exits = { 0: 'listed', 5: 'there is no such project' };
  static readonly related = ['cert:get', 'cert:renew', 'route:get'];
  static override examples = [
    'postern cert list',
    'postern cert list --expiring 14d',
    'postern cert list --pending --watch',
  ];
  static override flags = {
    expiring: Flags.string({
      description: 'those that end within: 14d, 8w, or before a time (ISO 8601)',
      helpValue: 'TIME',
    }),
    pending: Flags.boolean({ description: 'those that are not there yet, or whose successor is wanted' }),
    watch: Flags.boolean({ char: 'w', description: 'with --pending: wait until all are there' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(CertList);
    if (flags.watch && !flags.pending) throw usageFailure('--watch needs --pending');
    const { expiring, pending } = flags;
    const expiresBefore =
      expiring === undefined ? undefined : parseFuture(expiring, '--expiring', Date.now());
    const { client, project } = await this.connect(flags);
    if (flags.watch) {
      const { watchPending } = await import('../../certificate/watch-pending.ts');
      const progress = await this.progress('looking at the certificates');
      await watchPending(client, project, {
        show: (text) => progress.update(text),
        say: (line) => this.say(line),
      }).finally(() => progress.stop());
    }
    const found = await client.certificates.list(project, { pending, expiresBefore });
    const { formatTable } = await import('../../output/format-table.ts');
    const { certificateTable, countsOf } = await import('../../certificate/describe-certificate.ts');
    await this.show(flags, {
      data: found,
      names: found.flatMap(({ names }) => names),
      text(layout) {
        const { header, row } = certificateTable(pending, layout.wide);
        return formatTable(header, found.map(row), layout);
      },
    });
    if (pending) this.say(countsOf(found));
  }
}
