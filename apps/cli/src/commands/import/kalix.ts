import * as Flags from '@oclif/core/flags';
import { parseWith, resourceName, targetUrl } from '@postern/contracts';
import { usageFailure } from '../../cli-failure.ts';
import { IMPORT_EXITS, IMPORT_FLAGS, ImportCommand } from '../../import/import-command.ts';

/** `postern import kalix`, and `postern import akka`, whose descriptors are the same. */
export class ImportKalix extends ImportCommand {
  static override summary = 'Turn route descriptors of Kalix or Akka into documents';
  static override description =
    'Reads bare descriptors, project descriptors and JSON exports, several in a file too. Prints documents for "postern apply"; everything that is in none of them is named on standard error, with its place and why. Calls no API.';
  static readonly exits = IMPORT_EXITS;
  static readonly related = ['apply', 'import:krakend', 'validate'];
  static override examples = [
    'postern import kalix -f my-route.yaml --target shopping-cart=http://127.0.0.1:9000 > shop.yaml',
    'postern import akka -f project.yaml | postern validate -f -',
  ];
  static override flags = {
    ...IMPORT_FLAGS,
    target: Flags.string({
      description: 'where a service runs, which the descriptors do not say; repeatable',
      helpValue: 'SERVICE=URL',
      multiple: true,
      multipleNonGreedy: true,
    }),
    name: Flags.string({
      description: 'name of a route whose file gives it none [default: that of the file]',
      helpValue: 'NAME',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ImportKalix);
    const { readForeignFiles } = await import('../../import/read-foreign-files.ts');
    const { importKalix } = await import('@postern/import');
    const targets = new Map((flags.target ?? []).map(readTarget));
    const files = readForeignFiles(flags.filename);
    const { name } = flags;
    const sources =
      name === undefined ? files.sources : files.sources.map((source) => ({ ...source, defaultName: name }));
    const imported = importKalix(sources, { targets });
    const made = new Set(imported.documents.map(({ kind, name }) => `${kind}/${name}`));
    const unused = [...targets.keys()].filter((service) => !made.has(`service/${service}`));
    const told = unused.map(
      (service) => `--target ${service} was not used: no route here leads to that service`,
    );
    await this.finish(flags, files, { ...imported, steps: [...imported.steps, ...told] });
  }
}

function readTarget(text: string): [string, string] {
  const equals = text.indexOf('=');
  const [service, url] = [text.slice(0, Math.max(equals, 0)), text.slice(equals + 1)];
  if (!resourceName.safeParse(service).success) {
    throw usageFailure(`--target "${text}" needs SERVICE=URL`, 'like --target cart=http://127.0.0.1:9000');
  }
  const result = parseWith(targetUrl, url);
  if (result.ok) return [service, url];
  throw usageFailure(`--target "${text}": ${result.findings[0]?.message ?? 'this is not a target'}`);
}
