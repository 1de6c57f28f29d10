import * as Args from '@oclif/core/args';
import { usageFailure } from '../../cli-failure.ts';

/** The NAME of a context that is to be: letters, digits, `.`, `_` and `-`. Usage failure. */
export function newContextArg(description: string) {
  return Args.custom<string>({
    description,
    ignoreStdin: true,
    parse: async (text) => {
      if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text)) return text;
      throw usageFailure(
        `"${text}" is not a name of a context`,
        'it has letters, digits, ".", "_" and "-", 63 at most, like prod or prod-eu',
      );
    },
  });
}

/** The NAME of a context that is there. */
export function contextArg(description = 'name of the context') {
  return Args.custom<string>({ description, ignoreStdin: true, parse: async (text) => text });
}
