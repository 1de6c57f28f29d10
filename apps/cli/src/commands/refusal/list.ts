import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { REFUSAL_FLAGS, refusalFilterOf } from './refusal-flags.ts';

export class RefusalList extends PosternCommand {
  static override summary = 'List the clients that edges refused, the latest first';
  static override description =
    'Refusals of one client for one reason within a minute are one entry; COUNT says how many it stands for. They are kept for 30 days, at most a million. Names that no route has are not listed: edges only count them.';
  static readonly exits = { 0: 'listed', 5: 'there is no such project' };
  static readonly related = ['refusal:tail', 'refusal:get', 'client:list'];
  static override examples = [
    'postern refusal list',
    'postern refusal list --host shop.example.org --since 1h',
    'postern refusal list --reason certificate_expired -o wide',
  ];
  static override flags = {
    ...REFUSAL_FLAGS,
    since: Flags.string({
      description: 'those whose last refusal came since: 30m, 24h, 7d, or a time (ISO 8601)',
      helpValue: 'TIME',
    }),
    limit: Flags.integer({
      description: 'entries at most',
      helpValue: 'N',
      default: 100,
      min: 1,
      max: 1_000_000,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(RefusalList);
    const filter = await refusalFilterOf(flags);
    const { client, project } = await this.connect(flags);
    const { items, more, dropped } = await client.refusals.list(project, { ...filter, limit: flags.limit });
    const { formatTable } = await import('../../output/format-table.ts');
    const { refusalTable } = await import('../../ledger/describe-refusal.ts');
    await this.show(flags, {
      data: items,
      names: items.map(({ id }) => id),
      text(layout) {
        const { header, row } = refusalTable(layout.wide);
        return formatTable(header, items.map(row), layout);
      },
    });
    if (more)
      this.say(`There are more than ${flags.limit}; --limit shows more, --since and the other flags fewer.`);
    if (dropped > 0)
      this.say(`warning: edges could not record ${dropped} refusals in that time, of any project`);
  }
}
