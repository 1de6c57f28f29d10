import * as Flags from '@oclif/core/flags';
import { type Hostname, normaliseHostname, type ResourceName, resourceName } from '@postern/contracts';
import { usageFailure } from '../../cli-failure.ts';
import { IMPORT_EXITS, ImportCommand } from '../../import/import-command.ts';

export class ImportKrakend extends ImportCommand {
  static override summary = 'Turn the tls settings of a KrakenD configuration into documents';
  static override description =
    'A route stands in front of that KrakenD, which goes on serving its endpoints behind it, without TLS. With several key pairs each host that their certificates name gets a route: call this where KrakenD is started, since the paths of the files may be relative. Prints documents for "postern apply"; everything that is in none of them is named on standard error, with its place and why. Calls no API.';
  static readonly exits = IMPORT_EXITS;
  static readonly related = ['apply', 'import:kalix', 'validate'];
  static override examples = [
    'postern import krakend -f krakend.json --hostname gateway.acme.org > gateway.yaml',
    'postern import krakend -f many-domains.json > gateways.yaml',
  ];
  static override flags = {
    filename: Flags.string({
      char: 'f',
      description: 'configuration file, or - for standard input',
      helpValue: 'FILE|-',
      required: true,
    }),
    hostname: Flags.string({
      description: 'host of the route: a KrakenD has none [default: what its certificates name]',
      helpValue: 'HOST',
    }),
    name: Flags.string({
      description:
        'name of route and service; more routes are called NAME-2 and so on, the secrets NAME-ca, NAME-tls, NAME-tls-2',
      helpValue: 'NAME',
      default: 'krakend',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ImportKrakend);
    const { readForeignFiles } = await import('../../import/read-foreign-files.ts');
    const { importKrakend } = await import('@postern/import');
    const { readCertificateNames: readNames } = await import('../../import/read-certificate-names.ts');
    const name = nameOf(flags.name);
    const host = flags.hostname === undefined ? undefined : hostOf(flags.hostname);
    const files = readForeignFiles([flags.filename]);
    const [source, second] = files.sources;
    if (source === undefined || second !== undefined) {
      throw usageFailure(`${flags.filename} holds several documents`, 'a KrakenD configuration is one');
    }
    await this.finish(flags, files, importKrakend(source, { host, name, readNames }));
  }
}

function hostOf(text: string): Hostname {
  const read = normaliseHostname(text);
  if ('host' in read) return read.host;
  throw usageFailure(`--hostname "${text}": ${read.problem}`);
}

function nameOf(text: string): ResourceName {
  const result = resourceName.safeParse(text);
  if (result.success) return result.data;
  throw usageFailure(`--name "${text}": ${result.error.issues[0]?.message ?? 'this is not a name'}`);
}
