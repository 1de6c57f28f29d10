import * as Flags from '@oclif/core/flags';

/** The flag of commands that can follow what they show. */
export const WATCH_FLAG = {
  watch: Flags.boolean({ char: 'w', description: 'go on printing every change, until Ctrl-C' }),
};
