import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { normaliseHostname } from '@postern/contracts';
import { usageFailure } from '../../cli-failure.ts';
import { certificateFilesOf, readAuthorityFiles } from '../../dev-cert/certificate-files.ts';
import {
  checkCertificateName,
  DEV_CERT_FLAGS,
  DevCertCommand,
  daysFlag,
} from '../../dev-cert/dev-cert-command.ts';
import { commandLine } from '../../output/command-line.ts';

export class DevCertClient extends DevCertCommand {
  static override summary = 'Make a client certificate for tests: CN.crt and CN.key';
  static override description =
    'P-256, extended key usage clientAuth. Where the CN is a DNS name it is a DNS name of the certificate too, unless --dns is given. Calls no API.';
  static readonly exits = { 3: 'the CA cannot issue it', 6: 'a file is there already' };
  static readonly related = ['dev-cert:ca', 'route:test'];
  static override examples = [
    'postern dev-cert client client.acme.org --ca my-root-ca',
    'postern dev-cert client device-7 --ca certs/my-root-ca --dns device-7.acme.org --days 7',
  ];
  static override args = {
    cn: Args.string({
      description: 'CN of the client, and name of its files',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ca: Flags.string({
      description: 'the CA that issues it, with its files at PATH.crt and PATH.key',
      helpValue: 'PATH',
      required: true,
    }),
    dns: Flags.string({
      description: 'DNS name of the certificate; repeatable',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
    }),
    days: daysFlag(365),
    ...DEV_CERT_FLAGS,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DevCertClient);
    checkCertificateName(args.cn);
    const authority = readAuthorityFiles(flags.ca);
    const { issueDevCertificate } = await import('@postern/pki');
    const made = await issueDevCertificate({
      role: 'client',
      name: args.cn,
      alternativeNames: flags.dns?.map(dnsNameOf) ?? ownName(args.cn),
      issuer: authority,
      days: flags.days,
      now: Date.now(),
    });
    const files = certificateFilesOf(flags['out-dir'], args.cn);
    const pair = ['--cert', files.cert, '--key', files.key];
    await this.write(flags, files, made, [
      commandLine('openssl', 'verify', '-purpose', 'sslclient', '-CAfile', authority.files.cert, files.cert),
      `${commandLine('postern', 'route', 'test', ...pair)} https://HOST/`,
      `${commandLine('curl', ...pair)} https://HOST/`,
    ]);
  }
}

function ownName(cn: string): string[] {
  const result = normaliseHostname(cn);
  return 'host' in result ? [result.host] : [];
}

function dnsNameOf(text: string): string {
  const result = normaliseHostname(text);
  if ('host' in result) return result.host;
  throw usageFailure(`--dns "${text}" is not a DNS name: ${result.problem}`);
}
