import * as Args from '@oclif/core/args';
import { PosternCommand } from '../../base-command.ts';
import { usageFailure } from '../../cli-failure.ts';
import { WAIT_FLAGS } from '../write-flags.ts';

export class ClientUnrevoke extends PosternCommand {
  static override summary = 'Take a revocation back';
  static override description =
    'Asks first. The certificates that it named are admitted again where nothing else refuses them.';
  static readonly exits = {
    0: 'taken back',
    1: 'not confirmed',
    2: 'nobody to ask and no --yes',
    5: 'there is no such revocation',
  };
  static readonly related = ['client:revoke', 'client:revocations'];
  static override examples = ['postern client unrevoke 0b0f7a4e-6a3e-4a0e-9a53-4f5f4a2a7c11 --yes'];
  static override args = {
    id: Args.string({
      description: 'id of the revocation, as the list shows it',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = { ...WAIT_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ClientUnrevoke);
    if (!/^[0-9a-f-]{1,64}$/.test(args.id))
      throw usageFailure(`"${args.id}" is not an id; list them: postern client revocations`);
    const { client, project } = await this.connect(flags);
    const revocation = await client.revocations.get(project, args.id);
    const { describeRevoked } = await import('../../client/describe-revocation.ts');
    await this.confirm(`Admit ${describeRevoked(revocation)} again?`, flags);
    const { revision } = await client.revocations.delete(project, args.id);
    await this.show(flags, {
      data: { deleted: args.id },
      names: [args.id],
      text: () => `Revocation ${args.id} taken back\n`,
    });
    await this.waitForEdge(client, { revision }, flags);
  }
}
