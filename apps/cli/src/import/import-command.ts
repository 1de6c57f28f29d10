import * as Flags from '@oclif/core/flags';
import type { Finding } from '@postern/contracts';
import type { Imported, ImportedDocument, ImportedFinding } from '@postern/import';
import { PosternCommand } from '../base-command.ts';
import { CliFailure } from '../cli-failure.ts';
import { placeFindings } from '../descriptor/format-findings.ts';
import { reportPlaced } from '../document/document-report.ts';
import type { OutputFlags } from '../output/output-format.ts';
import type { ForeignFiles } from './read-foreign-files.ts';

/** What the exit status of an import means. */
export const IMPORT_EXITS = {
  0: 'everything that guards is in the documents (warnings name the rest)',
  1: 'a check was not carried over, or a document could not be made; standard error names them',
  3: 'a file is no YAML or JSON',
};

/** `-f` of every importer. */
export const IMPORT_FLAGS = {
  filename: Flags.string({
    char: 'f',
    description: 'file, folder of files, or - for standard input; repeatable',
    helpValue: 'FILE|DIR|-',
    required: true,
    multiple: true,
    multipleNonGreedy: true,
  }),
};

/** Prints what an importer made as documents for `postern apply`; calls no API. */
export abstract class ImportCommand extends PosternCommand {
  /** Documents go to standard output, everything else to standard error; fails with status 1 where a check is lost. */
  protected async finish(flags: OutputFlags, files: ForeignFiles, imported: Imported): Promise<void> {
    this.quietFor(flags);
    const { orderDocument, writeDocument } = await import('../document/write-document.ts');
    const { documents, findings } = await checked(imported);
    const writable = documents.map(({ kind, name, spec }) => ({ kind, name, labels: {}, spec }));
    await this.show(flags, {
      data: {
        documents: writable.map(orderDocument),
        findings: placed(files, findings),
        steps: imported.steps,
      },
      names: writable.map(({ kind, name }) => `${kind}/${name}`),
      text: () => writable.map(writeDocument).join('---\n'),
    });
    const warnings = findings.filter(({ finding }) => finding.severity === 'warning');
    if (warnings.length > 0) this.say(textOf(files, warnings));
    if (imported.steps.length > 0) {
      this.say(`Still to do:\n${imported.steps.map((step) => `  ${step}`).join('\n')}`);
    }
    const errors = findings.filter(({ finding }) => finding.severity === 'error');
    if (errors.length === 0) return;
    const count = errors.length === 1 ? '1 check or document is' : `${errors.length} checks or documents are`;
    throw new CliFailure('failed', `${count} not carried over`, {
      report: textOf(files, errors),
      findings: placed(files, errors),
      hint: 'see that nothing is admitted that was refused before, then apply what was printed',
    });
  }
}

/** Adds what only the compiler sees, such as a regular expression that cannot be used: its route is not made. */
async function checked(
  imported: Imported,
): Promise<{ documents: ImportedDocument[]; findings: ImportedFinding[] }> {
  const { checkDescriptor } = await import('@postern/compile');
  const findings = [...imported.findings];
  const documents = imported.documents.filter((document) => {
    if (document.kind !== 'route') return true;
    const own = checkDescriptor(document.spec);
    for (const finding of own) {
      findings.push({
        source: document.source,
        finding: { ...finding, pointer: document.base + finding.pointer },
      });
    }
    return !own.some(({ severity }) => severity === 'error');
  });
  return { documents, findings };
}

function reportsOf(files: ForeignFiles, findings: readonly ImportedFinding[]) {
  return files.places.map((source, index) => {
    const own = findings.filter((other) => other.source === index).map(({ finding }) => finding);
    return reportPlaced(source.file, source.text, placeFindings(source, own));
  });
}

function placed(files: ForeignFiles, findings: readonly ImportedFinding[]): Finding[] {
  return reportsOf(files, findings).flatMap((report) => report.findings);
}

function textOf(files: ForeignFiles, findings: readonly ImportedFinding[]): string {
  return reportsOf(files, findings)
    .filter((report) => report.findings.length > 0)
    .map(({ text }) => text)
    .join('\n');
}
