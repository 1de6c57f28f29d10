import { createRequire } from 'node:module';
import type * as re2js from 're2js';
import { foldAscii } from './ascii-fold.ts';

const load = createRequire(import.meta.url);
let library: typeof re2js | undefined;

/**
 * Loads what compiles patterns: 6 ms that no start waits for, since few hosts have any. The first pattern does it as well, but a process that serves
 * for long calls it before, while its files are there and descriptors are left. Throws where they are not.
 */
export function loadNameRegexes(): typeof re2js {
  library ??= load('re2js') as typeof re2js;
  return library;
}

/** The only characters that fold to an ASCII letter without being one (Unicode CaseFolding): long s and the Kelvin sign. */
const FOLDS_TO_ASCII = /[\u017f\u212a]/g;

/** A pattern that is safe to run, or why it is not; `index` counts its characters from 0, undefined: the pattern as a whole. */
export type NameRegex =
  /** Time to match grows with `instructions`, those of its program, times the name's length. */
  | { readonly ok: true; readonly instructions: number; matches(name: string): boolean }
  | {
      readonly ok: false;
      readonly code: 'regex' | 'regex_too_complex';
      readonly problem: string;
      readonly index: number | undefined;
    };

/** Compiles an RE2 pattern that matches whole names, ignoring ASCII case, in linear time and at most `instructionsMax` of them. */
export function compileNameRegex(pattern: string, instructionsMax: number): NameRegex {
  const { RE2JS, RE2JSSyntaxException } = loadNameRegexes();
  try {
    const regex = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
    const instructions = regex.programSize();
    if (instructions > instructionsMax) {
      const problem = 'it is too complex, alone or with those before it: use fewer or smaller repetitions';
      return { ok: false, code: 'regex_too_complex', problem, index: undefined };
    }
    return {
      ok: true,
      instructions,
      // `matches` anchors the whole pattern at both ends, alternatives included.
      matches: (name) => regex.matches(foldAscii(name).replace(FOLDS_TO_ASCII, '\ufffd')),
    };
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException))
      return { ok: false, code: 'regex', problem: 'it cannot be compiled', index: 0 };
    const problem = error.getDescription();
    const fragment = error.getPattern();
    const index = typeof fragment === 'string' ? pattern.indexOf(fragment) : pattern.length - 1;
    return { ok: false, code: 'regex', problem, index: index < 0 ? undefined : index };
  }
}
