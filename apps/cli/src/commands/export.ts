import * as Flags from '@oclif/core/flags';
import { DOCUMENT_KINDS } from '@postern/contracts';
import { PosternCommand } from '../base-command.ts';

export class Export extends PosternCommand {
  static override summary = 'Print everything in the project as documents that apply takes back';
  static override description =
    `Secrets first, then services, then routes, each by name: the same content is always the same bytes. Values of secrets are not in it: only their types, key names and fingerprints, and the certificates of a tls-ca. Each document begins with a line that shows editors its schema; --schemas names another place for these, like a folder with files that "postern schema" made.`;
  static readonly exits = { 0: 'printed, also when there is nothing' };
  static readonly related = ['apply', 'diff', 'schema', 'route export'];
  static override examples = [
    'postern export > everything.yaml',
    'postern export --kind route -l team=shop > shop-routes.yaml',
    'postern export --schemas ./schemas > everything.yaml',
  ];
  static override flags = {
    kind: Flags.string({
      description: 'only this kind; repeatable',
      options: [...DOCUMENT_KINDS],
      multiple: true,
      multipleNonGreedy: true,
    }),
    selector: Flags.string({ char: 'l', description: 'only what has these labels', helpValue: 'SELECTOR' }),
    schemas: Flags.string({
      description: 'folder or URL with KIND.json, for editors; the API when absent, none for ""',
      helpValue: 'PLACE',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Export);
    const { matchesSelector, readSelector } = await import('../document/matches-selector.ts');
    const { readPresentState } = await import('../document/present-state.ts');
    const { exportDocuments, writeExport } = await import('../document/export-documents.ts');
    const selector = flags.selector === undefined ? [] : readSelector(flags.selector);
    const { client, project, url } = await this.connect(flags);
    const state = await readPresentState(client, project);
    const kinds = DOCUMENT_KINDS.filter((kind) => flags.kind?.includes(kind) !== false);
    const documents = exportDocuments(state, kinds).filter(({ labels }) => matchesSelector(labels, selector));
    const { orderDocument } = await import('../document/write-document.ts');
    await this.show(flags, {
      data: documents.map(orderDocument),
      names: documents.map(({ kind, name }) => `${kind}/${name}`),
      text: () => writeExport(documents, flags.schemas ?? `${url.replace(/\/$/, '')}/schemas`),
    });
  }
}
