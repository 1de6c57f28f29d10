import { isIP } from 'node:net';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { normaliseHostname } from '@postern/contracts';
import { usageFailure } from '../../cli-failure.ts';
import { certificateFilesOf, readAuthorityFiles } from '../../dev-cert/certificate-files.ts';
import { DEV_CERT_FLAGS, DevCertCommand, daysFlag } from '../../dev-cert/dev-cert-command.ts';
import { resourceNameOf } from '../../dev-cert/resource-name-of.ts';
import { commandLine } from '../../output/command-line.ts';

export class DevCertServer extends DevCertCommand {
  static override summary = 'Make a server certificate for tests: HOST.crt and HOST.key';
  static override description =
    'P-256, extended key usage serverAuth, the host as subjectAltName. Self-signed without --ca: clients must trust the certificate itself then. Calls no API.';
  static readonly exits = { 3: 'the CA cannot issue it', 6: 'a file is there already' };
  static readonly related = ['dev-cert:ca', 'secret:create', 'route:update'];
  static override examples = [
    'postern dev-cert server shop.localhost',
    "postern dev-cert server '*.acme.org' --ca my-root-ca --days 30",
  ];
  static override args = {
    host: Args.string({
      description: 'host, like shop.example.org, *.example.org or 127.0.0.1',
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ca: Flags.string({
      description: 'the CA that issues it, with its files at PATH.crt and PATH.key',
      helpValue: 'PATH',
    }),
    days: daysFlag(90),
    ...DEV_CERT_FLAGS,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DevCertServer);
    const host = hostOf(args.host);
    const authority = flags.ca === undefined ? null : readAuthorityFiles(flags.ca);
    const { issueDevCertificate } = await import('@postern/pki');
    const made = await issueDevCertificate({
      role: 'server',
      name: host,
      alternativeNames: [host],
      issuer: authority,
      days: flags.days,
      now: Date.now(),
    });
    const files = certificateFilesOf(flags['out-dir'], host);
    const secret = resourceNameOf(host.replace('*', 'wildcard'));
    const trusted = authority?.files.cert ?? files.cert;
    await this.write(flags, files, made, [
      commandLine('postern', 'secret', 'create', 'tls', secret, '--cert', files.cert, '--key', files.key),
      `${commandLine('postern', 'route', 'update', '--server-certificate-secret', secret)} ROUTE`,
      commandLine('curl', '--cacert', trusted, `https://${host.replace('*', 'any')}:8443/`),
    ]);
  }
}

function hostOf(text: string): string {
  if (isIP(text) !== 0) return text;
  const result = normaliseHostname(text);
  if ('host' in result) return result.host;
  throw usageFailure(`"${text}" is not a host: ${result.problem}`);
}
