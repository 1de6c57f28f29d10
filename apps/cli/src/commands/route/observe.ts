import * as Flags from '@oclif/core/flags';
import { PosternCommand, parseDurationMs } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';

/** `--since`: how far back the records of an observed route are read. */
export const SINCE_FLAG = {
  since: Flags.custom<number>({
    description: 'how far back to look',
    helpValue: 'DURATION',
    default: 86_400_000,
    defaultHelp: async () => '24h',
    parse: async (text) => parseDurationMs(text, '--since'),
  })(),
};

export class RouteObserve extends PosternCommand {
  static override summary = 'List whom an observed route would refuse, or admit';
  static override description =
    'A route is observed with --client-ca-mode observe: it asks for certificates, lets everybody in and records who would be refused, and services learn only of clients that would be admitted who they are. Matchers are observed one by one with `observe: true` in the descriptor. Entries are folded by the minute.';
  static readonly exits = {
    0: 'listed (also when the list is empty)',
    5: 'there is no such route',
    6: 'the route observes nothing',
  };
  static readonly related = ['route:enforce', 'route:update'];
  static override examples = [
    'postern route observe my-route',
    'postern route observe my-route --since 1h --json',
  ];
  static override args = { name: nameArg('route')({ required: true }) };
  static override flags = { ...SINCE_FLAG };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteObserve);
    const { client, project } = await this.connect(flags);
    const { readObserved, requireObserved, whoOf } = await import('../../route/observed-refusals.ts');
    requireObserved(await client.routes.get(project, args.name));
    const found = await readObserved(client, project, args.name, flags.since);
    const { formatTable } = await import('../../output/format-table.ts');
    await this.show(flags, {
      data: found,
      names: found.items.map(({ id }) => id),
      text: (layout) =>
        formatTable(
          ['WHO', 'WOULD BE', 'REASON', 'COUNT', 'LAST SEEN', 'DETAIL'],
          found.items.map((item) => [
            whoOf(item),
            item.observed ? 'refused' : 'admitted',
            item.reason,
            String(item.count),
            item.lastAt,
            item.observedMatch === null ? item.detail : `${item.observedMatch} would admit it`,
          ]),
          layout,
        ),
    });
    if (found.more) this.say('note: there are more; --since with a shorter time shows fewer');
    if (found.dropped > 0) this.say(`warning: edges could not record ${found.dropped} refusals in that time`);
  }
}
