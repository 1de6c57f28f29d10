import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';
import { WAIT_FLAGS } from '../write-flags.ts';

export class SecretDelete extends PosternCommand {
  static override summary = 'Delete a secret';
  static override description =
    `Asks first. A secret that a route or service names cannot be deleted: the answer names who uses it.`;
  static readonly exits = {
    0: 'deleted',
    1: 'not confirmed',
    2: 'nobody to ask and no --yes',
    5: 'there is no such secret',
    6: 'it is in use',
  };
  static override examples = ['postern secret delete my-root-ca', 'postern secret delete my-root-ca --yes'];
  static override args = {
    name: nameArg('secret')({ required: true }),
  };
  static override flags = { ...WAIT_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SecretDelete);
    const { client, project } = await this.connect(flags);
    await this.confirm(`Delete the secret "${args.name}" of project "${project}"?`, flags);
    const deleted = await client.secrets.delete(project, args.name);
    await this.show(flags, {
      data: { deleted: args.name },
      names: [args.name],
      text: () => `Secret ${args.name} deleted\n`,
    });
    await this.waitForEdge(client, deleted, flags);
  }
}
