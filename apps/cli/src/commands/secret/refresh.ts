import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';
import { WAIT_FLAGS } from '../write-flags.ts';

export class SecretRefresh extends PosternCommand {
  static override summary = 'Fetch a revocation list from its URL now';
  static override description =
    'For crl secrets with a URL, which are fetched by themselves too. A list that cannot be had, is not signed by its CA, or is older than the present one changes nothing.';
  static readonly exits = {
    0: 'fetched, or found to be the same',
    3: 'the secret has no URL',
    5: 'there is no such secret',
    7: 'it could not be fetched; the present list stays',
  };
  static readonly related = ['secret:get', 'secret:create'];
  static override examples = ['postern secret refresh my-root-crl'];
  static override args = {
    name: nameArg('secret')({ required: true }),
  };
  static override flags = { ...WAIT_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SecretRefresh);
    const { client, project } = await this.connect(flags);
    const before = await client.secrets.refresh(project, args.name);
    const { waitUntilFetched } = await import('../../secret/wait-until-fetched.ts');
    const { describeList } = await import('../../secret/describe-secret.ts');
    const secret = flags.wait ? await waitUntilFetched(client, before, flags.timeout) : before;
    await this.show(flags, {
      data: secret,
      names: [secret.name],
      text: () =>
        flags.wait
          ? `List ${secret.name}: ${describeList(secret)}\n`
          : `List ${secret.name} is being fetched\n`,
    });
    await this.sayFindings(secret.findings);
  }
}
