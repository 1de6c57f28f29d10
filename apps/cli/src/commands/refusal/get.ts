import * as Args from '@oclif/core/args';
import { PosternCommand } from '../../base-command.ts';
import { usageFailure } from '../../cli-failure.ts';

export class RefusalGet extends PosternCommand {
  static override summary = 'Show one refusal, with the certificates that were presented';
  static override description =
    'The id stands in the problem that the client got (`refusal`), in the logs of the edge, and in refusal list.';
  static readonly exits = { 0: 'shown', 5: 'there is no such refusal, or no longer' };
  static readonly related = ['explain', 'refusal:list', 'refusal:tail'];
  static override examples = ['postern refusal get 0mib3k5c0-9f86d081884c7d65'];
  static override args = {
    id: Args.custom<string>({
      description: 'id of the refusal',
      ignoreStdin: true,
      parse: async (text) => {
        if (/^[0-9a-z]{9}-[0-9a-f]{16}$/.test(text)) return text;
        throw usageFailure(
          `"${text}" is no id of a refusal`,
          'ids are like 0mib3k5c0-9f86d081884c7d65; postern refusal list shows them',
        );
      },
    })({ required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RefusalGet);
    const { client, project } = await this.connect(flags);
    const refusal = await client.refusals.get(project, args.id);
    const { describeRefusal } = await import('../../ledger/describe-refusal.ts');
    await this.show(flags, { data: refusal, names: [refusal.id], text: () => describeRefusal(refusal) });
  }
}
