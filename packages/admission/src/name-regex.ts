import { RE2JS, RE2JSSyntaxException } from 're2js';
import { foldAscii } from './ascii-fold.ts';

/**
 * Instructions of a compiled pattern. Time to match grows with this times the name's length: at this bound the worst
 * pattern known takes 50 ms for a name of 256 characters, and a name of eight labels with `{1,63}` each still fits.
 */
const PROGRAM_INSTRUCTIONS_MAX = 1_100;

/** The only characters that fold to an ASCII letter without being one (Unicode CaseFolding): long s and the Kelvin sign. */
const FOLDS_TO_ASCII = /[\u017f\u212a]/g;

/** A pattern that is safe to run, or why it is not; `index` counts its characters from 0, undefined: the pattern as a whole. */
export type NameRegex =
  | { readonly ok: true; matches(name: string): boolean }
  | { readonly ok: false; readonly problem: string; readonly index: number | undefined };

/** Compiles an RE2 pattern that matches whole names, ignoring ASCII case, in linear time. */
export function compileNameRegex(pattern: string): NameRegex {
  try {
    const regex = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
    if (regex.programSize() > PROGRAM_INSTRUCTIONS_MAX) {
      return {
        ok: false,
        problem: 'the pattern is too complex: use fewer or smaller repetitions',
        index: undefined,
      };
    }
    return {
      ok: true,
      // `matches` anchors the whole pattern at both ends, alternatives included.
      matches: (name) => regex.matches(foldAscii(name).replace(FOLDS_TO_ASCII, '\ufffd')),
    };
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException))
      return { ok: false, problem: 'it cannot be compiled', index: 0 };
    const problem = error.getDescription();
    const fragment = error.getPattern();
    const index = typeof fragment === 'string' ? pattern.indexOf(fragment) : pattern.length - 1;
    return { ok: false, problem, index: index < 0 ? undefined : index };
  }
}
