import { PosternCommand } from '../base-command.ts';

export class Ca extends PosternCommand {
  static override summary = 'Print the CA of the local issuer (PEM)';
  static override description =
    'Clients that trust it trust the certificates Postern issues itself, as for names below localhost.';
  static readonly related = ['route get', 'up'];
  static override examples = ['postern ca > postern-ca.crt'];

  async run(): Promise<void> {
    const { flags } = await this.parse(Ca);
    const { client } = await this.connect(flags);
    const pem = await client.ca();
    await this.print(flags, { pem }, () => pem);
  }
}
