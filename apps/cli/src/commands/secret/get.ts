import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';
import { WATCH_FLAG } from '../watch-flag.ts';

export class SecretGet extends PosternCommand {
  static override summary = 'Show a secret: its type, key names and certificates';
  static override description =
    `For each certificate: subject, issuer, names, validity, key, CA flags and fingerprint. Values are never shown.`;
  static readonly exits = {
    0: 'shown',
    5: 'there is no such secret',
  };
  static override examples = ['postern secret get my-root-ca'];
  static override args = {
    name: nameArg('secret')({ required: true }),
  };
  static override flags = { ...WATCH_FLAG };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SecretGet);
    const { client, project } = await this.connect(flags);
    if (flags.watch) {
      const { SECRET_TABLE } = await import('../../secret/describe-secret.ts');
      return this.follow(flags, client.watch('secret', project, args.name), SECRET_TABLE);
    }
    const secret = await client.secrets.get(project, args.name);
    const { describeSecret } = await import('../../secret/describe-secret.ts');
    await this.show(flags, { data: secret, names: [secret.name], text: () => describeSecret(secret) });
    await this.sayFindings(secret.findings);
  }
}
