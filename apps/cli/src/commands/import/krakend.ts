import * as Flags from '@oclif/core/flags';
import { normaliseHostname, type ResourceName, resourceName } from '@postern/contracts';
import { usageFailure } from '../../cli-failure.ts';
import { IMPORT_EXITS, ImportCommand } from '../../import/import-command.ts';

export class ImportKrakend extends ImportCommand {
  static override summary = 'Turn the tls settings of a KrakenD configuration into documents';
  static override description =
    'The route stands in front of that KrakenD, which goes on serving its endpoints behind it, without TLS. Prints documents for "postern apply"; everything that is in none of them is named on standard error, with its place and why. Calls no API.';
  static readonly exits = IMPORT_EXITS;
  static readonly related = ['apply', 'import:kalix', 'validate'];
  static override examples = [
    'postern import krakend -f krakend.json --hostname gateway.acme.org > gateway.yaml',
  ];
  static override flags = {
    filename: Flags.string({
      char: 'f',
      description: 'configuration file, or - for standard input',
      helpValue: 'FILE|-',
      required: true,
    }),
    hostname: Flags.string({
      description: 'host of the route: a KrakenD has none',
      helpValue: 'HOST',
      required: true,
    }),
    name: Flags.string({
      description: 'name of route and service; the secrets are called NAME-ca and NAME-tls',
      helpValue: 'NAME',
      default: 'krakend',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ImportKrakend);
    const { readForeignFiles } = await import('../../import/read-foreign-files.ts');
    const { importKrakend } = await import('@postern/import');
    const name = nameOf(flags.name);
    const host = normaliseHostname(flags.hostname);
    if ('problem' in host) throw usageFailure(`--hostname "${flags.hostname}": ${host.problem}`);
    const files = readForeignFiles([flags.filename]);
    const [source, second] = files.sources;
    if (source === undefined || second !== undefined) {
      throw usageFailure(`${flags.filename} holds several documents`, 'a KrakenD configuration is one');
    }
    await this.finish(flags, files, importKrakend(source, { host: host.host, name }));
  }
}

function nameOf(text: string): ResourceName {
  const result = resourceName.safeParse(text);
  if (result.success) return result.data;
  throw usageFailure(`--name "${text}": ${result.error.issues[0]?.message ?? 'this is not a name'}`);
}
