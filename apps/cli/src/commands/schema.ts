import * as Args from '@oclif/core/args';
import { DOCUMENT_KINDS, documentJsonSchema, isDocumentKind } from '@postern/contracts';
import { PosternCommand } from '../base-command.ts';
import { usageFailure } from '../cli-failure.ts';

export class Schema extends PosternCommand {
  static override summary = 'Print the JSON Schema of a kind of document, for editors';
  static override description =
    `Draft-07, for files of the form {kind, name, labels, spec}. Calls no API; a running one serves the same at
/schemas/KIND.json, without a token. What a schema cannot say only \`postern validate\` finds.`;
  static readonly exits = { 0: 'printed', 2: 'there is no such kind' };
  static readonly related = ['validate', 'export', 'apply'];
  static override examples = [
    'postern schema route > route.schema.json',
    'echo "# yaml-language-server: $schema=http://127.0.0.1:8700/schemas/route.json" > my-route.yaml',
  ];
  static override args = {
    kind: Args.string({ description: DOCUMENT_KINDS.join(', '), required: true, ignoreStdin: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Schema);
    const { kind } = args;
    if (!isDocumentKind(kind))
      throw usageFailure(`there is no kind "${kind}"`, `one of ${DOCUMENT_KINDS.join(', ')}`);
    const schema = documentJsonSchema(kind);
    await this.show(flags, {
      data: schema,
      names: [kind],
      text: () => `${JSON.stringify(schema, null, 2)}\n`,
    });
  }
}
