import { PosternCommand } from '../base-command.ts';
import { FILENAME_FLAG } from './document-flags.ts';

export class Validate extends PosternCommand {
  static override summary = 'Check files of documents without sending them anywhere';
  static override description =
    `Every error of every file is printed at once, with line and column. Reads no API: whether what the documents refer to exists is not checked ("postern diff" does).`;
  static readonly exits = {
    0: 'valid (warnings are printed)',
    1: 'failed',
    2: 'usage, or a file that cannot be read',
    3: 'at least one error',
  };
  static readonly related = ['apply', 'diff', 'schema', 'route validate'];
  static override examples = ['postern validate -f shop.yaml', 'postern validate -f deploy/ --json'];
  static override flags = { ...FILENAME_FLAG };

  async run(): Promise<void> {
    const { flags } = await this.parse(Validate);
    this.quietFor(flags);
    const { loadDocuments } = await import('../document/load-documents.ts');
    const { textOfReports } = await import('../document/document-report.ts');
    const { documents, warnings } = loadDocuments(flags.filename, Date.now());
    const text = textOfReports(warnings);
    if (text !== '') this.say(text);
    const counts = new Map<string, number>();
    for (const { source } of documents) counts.set(source.file, (counts.get(source.file) ?? 0) + 1);
    await this.show(flags, {
      data: {
        valid: true,
        documents: documents.map(({ kind, name, source }) => ({ kind, name, file: source.file })),
        findings: warnings.flatMap(({ findings }) => findings),
      },
      names: documents.map(({ kind, name }) => `${kind}/${name}`),
      text: () => [...counts].map(([file, count]) => `${file} is valid: ${documentCount(count)}\n`).join(''),
    });
  }
}

function documentCount(count: number): string {
  return count === 1 ? '1 document' : `${count} documents`;
}
