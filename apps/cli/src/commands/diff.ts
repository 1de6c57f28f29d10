import { PosternCommand } from '../base-command.ts';
import type { DocumentDifference } from '../document/diff-documents.ts';
import { FILENAME_FLAG, PRUNE_FLAGS } from './document-flags.ts';

export class Diff extends PosternCommand {
  static override summary = 'Show what applying files would change';
  static override description =
    `Prints a unified diff from what is stored to what the documents say. Defaults do not show, whether they are written out or not; of secrets the key names and fingerprints are compared. With --prune also what would be deleted.`;
  static readonly exits = {
    0: 'nothing differs',
    1: 'something differs',
    3: 'a document is refused, or refers to nothing',
    8: 'failed in a way that has no status of its own',
  };
  static readonly related = ['apply', 'validate', 'export'];
  static override examples = [
    'postern diff -f shop.yaml',
    'postern diff -f deploy/ --prune -l team=shop',
    'postern export > now.yaml && postern diff -f now.yaml',
  ];
  static override flags = { ...FILENAME_FLAG, ...PRUNE_FLAGS };

  async run(): Promise<void> {
    const { flags } = await this.parse(Diff);
    const { asDiffFailure, diffDocuments } = await import('../document/diff-documents.ts');
    try {
      const { loadDocuments } = await import('../document/load-documents.ts');
      const { readSelector } = await import('../document/matches-selector.ts');
      const { readPresentState } = await import('../document/present-state.ts');
      const { planApply } = await import('../document/plan-apply.ts');
      const prune = flags.selector === undefined ? null : readSelector(flags.selector);
      const { documents } = loadDocuments(flags.filename, Date.now());
      const { client, project } = await this.connect(flags);
      const state = await readPresentState(client, project);
      const plan = planApply(documents, state, prune);
      const { differences, hidden } = await diffDocuments(client, project, plan, state);
      await this.#showDifferences(flags, differences);
      for (const id of hidden)
        this.say(`note: the values of ${id} cannot be compared; apply stores them anew`);
      if (differences.length > 0) process.exitCode = 1;
    } catch (error) {
      throw asDiffFailure(error);
    }
  }

  async #showDifferences(
    flags: Parameters<PosternCommand['show']>[0],
    differences: readonly DocumentDifference[],
  ): Promise<void> {
    const { unifiedDiff } = await import('../document/unified-diff.ts');
    await this.show(flags, {
      data: { differs: differences.length > 0, differences },
      names: differences.map(({ kind, name }) => `${kind}/${name}`),
      text: ({ colour }) =>
        differences
          .map(({ kind, name, file, before, after }) =>
            unifiedDiff(
              { name: `${kind}/${name} (stored)`, text: before },
              { name: `${kind}/${name} (${file ?? 'pruned'})`, text: after },
              colour,
            ),
          )
          .join(''),
    });
  }
}
