import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';

export class TokenRevoke extends PosternCommand {
  static override summary = 'Revoke a token for good';
  static override description =
    `Asks first. The next call with it is refused, and what it has open (feeds, watches) ends at once. The last admin token
is refused without --force; after that, the next start of the API writes a new one to admin-token in its data directory.`;
  static readonly exits = {
    0: 'revoked',
    1: 'not confirmed',
    2: 'nobody to ask and no --yes',
    5: 'there is no such token',
    6: 'it is the last admin token',
  };
  static readonly related = ['token:list', 'token:create'];
  static override examples = ['postern token revoke ci --yes'];
  static override args = { name: nameArg('token')({ required: true }) };
  static override flags = {
    force: Flags.boolean({ description: 'revoke the last admin token too', default: false }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TokenRevoke);
    const { client } = await this.connect(flags);
    const token = await client.tokens.get(args.name);
    const own = token.current ? ' This call is made with it.' : '';
    await this.confirm(`Revoke the token "${args.name}" (${token.scope}) for good?${own}`, flags);
    await client.tokens.revoke(args.name, { force: flags.force });
    await this.show(flags, {
      data: { revoked: args.name },
      names: [args.name],
      text: () => `Token ${args.name} revoked\n`,
    });
  }
}
