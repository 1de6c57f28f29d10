import * as Args from '@oclif/core/args';
import { certificateFilesOf } from '../../dev-cert/certificate-files.ts';
import {
  checkCertificateName,
  DEV_CERT_FLAGS,
  DevCertCommand,
  daysFlag,
} from '../../dev-cert/dev-cert-command.ts';
import { resourceNameOf } from '../../dev-cert/resource-name-of.ts';
import { commandLine } from '../../output/command-line.ts';

export class DevCertCa extends DevCertCommand {
  static override summary = 'Make a CA for tests: NAME.crt and NAME.key';
  static override description =
    `P-256, basicConstraints CA:TRUE, keyUsage keyCertSign and cRLSign. Calls no API.`;
  static readonly exits = { 6: 'a file is there already' };
  static readonly related = ['dev-cert:client', 'dev-cert:server', 'secret:create'];
  static override examples = [
    'postern dev-cert ca my-root-ca',
    'postern dev-cert ca my-root-ca --out-dir certs',
  ];
  static override args = {
    name: Args.string({
      description: 'CN of the CA, and name of its files',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = { days: daysFlag(3650), ...DEV_CERT_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DevCertCa);
    checkCertificateName(args.name);
    const { createDevAuthority } = await import('@postern/pki');
    const made = await createDevAuthority({ name: args.name, days: flags.days, now: Date.now() });
    const files = certificateFilesOf(flags['out-dir'], args.name);
    const ca = files.cert.replace(/\.crt$/, '');
    await this.write(flags, files, made, [
      commandLine('postern', 'secret', 'create', 'tls-ca', resourceNameOf(args.name), '--cert', files.cert),
      commandLine('postern', 'dev-cert', 'client', 'client.acme.org', '--ca', ca),
    ]);
  }
}
