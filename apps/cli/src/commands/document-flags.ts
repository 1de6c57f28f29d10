import * as Flags from '@oclif/core/flags';

/** `-f` of commands that take documents. */
export const FILENAME_FLAG = {
  filename: Flags.string({
    char: 'f',
    description: 'file, folder (its .yaml, .yml and .json files) or - for standard input; repeatable',
    helpValue: 'FILE',
    required: true,
    multiple: true,
    multipleNonGreedy: true,
  }),
};

/** Flags of commands that delete, or show the deletion of, what is in no document any more. */
export const PRUNE_FLAGS = {
  prune: Flags.boolean({
    description: 'delete what --selector selects and no document describes',
    dependsOn: ['selector'],
  }),
  selector: Flags.string({
    char: 'l',
    description: 'labels that --prune is limited to, like team=shop',
    helpValue: 'SELECTOR',
    dependsOn: ['prune'],
  }),
};
