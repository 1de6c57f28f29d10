import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';
import { parseLife } from './parse-life.ts';

export class TokenCreate extends PosternCommand {
  static override summary = 'Make a token and print its value, this once';
  static override description =
    `The value alone goes to standard output; Postern keeps only its hash, and nothing shows it again. A token of scope
admin may do everything in every project; one of scope edge lets one edge follow this platform, and nothing else.`;
  static readonly exits = { 0: 'made', 6: 'a token of this name is there' };
  static readonly related = ['token:list', 'token:revoke', 'context:add'];
  static override examples = [
    'postern token create ci --expires-in 90d > ci-token',
    'postern token create edge-2 --scope edge > edge-token',
    'postern token create ci | postern context add ci --url http://127.0.0.1:8700 --token-stdin',
  ];
  static override args = { name: nameArg('new token')({ required: true }) };
  static override flags = {
    scope: Flags.string({ description: 'what it may do', options: ['admin', 'edge'], default: 'admin' }),
    'expires-in': Flags.string({
      description: 'time after which it is refused, like 12h, 30d or 1y; never when absent',
      helpValue: 'DURATION',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TokenCreate);
    const life = flags['expires-in'];
    const expiresInSeconds = life === undefined ? undefined : parseLife(life, '--expires-in');
    const { client } = await this.connect(flags);
    const scope = flags.scope === 'edge' ? 'edge' : 'admin';
    const token = await client.tokens.create({ name: args.name, scope, expiresInSeconds });
    await this.show(flags, { data: token, names: [token.value], text: () => `${token.value}\n` });
    const end = token.expiresAt === null ? 'without an end' : `until ${token.expiresAt}`;
    this.say(`Token ${token.name} of scope ${token.scope} made, ${end}. Its value is not shown again.`);
  }
}
