import { PosternCommand } from '../../base-command.ts';
import { WAIT_FLAGS } from '../write-flags.ts';
import { hostArg } from './host-arg.ts';

export class CertRenew extends PosternCommand {
  static override summary = 'Have the certificate of a host ordered now';
  static override description =
    'The present one serves until the next is there. It also tries at once what waits for its next attempt after a failure; limits of the CA still hold.';
  static readonly exits = { 0: 'asked for', 5: 'no route serves the host by a certificate of Postern' };
  static readonly related = ['cert:get', 'cert:revoke'];
  static override examples = ['postern cert renew shop.example.org --timeout 2m'];
  static override args = { name: hostArg({ required: true }) };
  static override flags = { ...WAIT_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CertRenew);
    const { client, project } = await this.connect(flags);
    const before = await client.certificates.renew(project, args.name);
    const { waitForSuccessor } = await import('../../certificate/wait-for-successor.ts');
    const progress = await this.progress(`ordering the certificate of ${args.name}`);
    const timeoutMs = flags.wait ? flags.timeout : 0;
    const { certificate, missing } = await waitForSuccessor(client, before, args.name, timeoutMs, (text) =>
      progress.update(text),
    ).finally(() => progress.stop());
    await this.show(flags, {
      data: certificate,
      names: certificate.names,
      text: () =>
        missing === undefined
          ? `Certificate of ${args.name} renewed: valid until ${certificate.certificate?.notAfter ?? ''}\n`
          : `Certificate of ${args.name} is to be renewed\n`,
    });
    if (flags.wait && missing !== undefined) this.say(`warning: ${missing}`);
  }
}
