import { PosternCommand } from '../../base-command.ts';
import { hostArg } from './host-arg.ts';

export class CertGet extends PosternCommand {
  static override summary = 'Show the certificate of a host: how far it is, why it is not there, its chain';
  static readonly exits = { 0: 'shown', 5: 'Postern gets no certificate for this host' };
  static readonly related = ['cert:list', 'cert:renew', 'explain'];
  static override examples = [
    'postern cert get shop.example.org',
    "postern cert get '*.example.org' -o json",
  ];
  static override args = { name: hostArg({ required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CertGet);
    const { client, project } = await this.connect(flags);
    const found = await client.certificates.get(project, args.name);
    const { describeCertificate } = await import('../../certificate/describe-certificate.ts');
    await this.show(flags, { data: found, names: found.names, text: () => describeCertificate(found) });
  }
}
