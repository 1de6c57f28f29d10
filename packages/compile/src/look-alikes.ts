import { domainToUnicode } from 'node:url';

/** Letters of other scripts by the ASCII letter they are taken for: those drawn alike, after Unicode's confusables.txt. */
const ALIKE: Readonly<Record<string, string>> = {
  ...{ a: 'аα', c: 'сϲ', d: 'ԁ', e: 'е', g: 'ɡ', h: 'һ', i: 'іιı', j: 'јϳ', l: 'ӏ', o: 'оο', p: 'рρ' },
  ...{ q: 'ԛ', s: 'ѕ', u: 'υս', v: 'νѵ', w: 'ԝ', x: 'х', y: 'у' },
  ...{ A: 'АΑ', B: 'ВΒ', C: 'СϹ', E: 'ЕΕ', H: 'НΗ', I: 'ІΙ', J: 'Ј', K: 'КΚ', M: 'МΜ', N: 'Ν', O: 'ОΟ' },
  ...{ P: 'РΡ', S: 'Ѕ', T: 'ТΤ', X: 'ХΧ', Y: 'УΥ', Z: 'Ζ' },
};
const LETTERS: ReadonlyMap<string, string> = new Map(
  Object.entries(ALIKE).flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
);

/** Says which letter of a name or pattern looks like another one beside which it stands; undefined where none does. */
export function lookAlikeIn(text: string): { message: string; hint: string } | undefined {
  for (const [word] of text.matchAll(/[\p{L}\p{M}\p{N}-]+/gu)) {
    const shown = word.toLowerCase().startsWith('xn--') ? domainToUnicode(word) : word;
    const found = lookAlikeOf(shown);
    if (found === undefined) continue;
    const holds = `holds ${scriptOf(found.letter)} "${found.letter}" (${codeOf(found.letter)}), which looks like "${found.latin}"`;
    return {
      message: shown === word ? `"${word}" ${holds}` : `"${word}" is "${shown}", which ${holds}`,
      hint: 'write the name anew with the letters that are meant',
    };
  }
  return undefined;
}

/** A word of one other script is a word of that script; beside ASCII letters, or all of look-alikes, it may deceive. */
function lookAlikeOf(word: string): { letter: string; latin: string } | undefined {
  const letters = [...word].filter((character) => /\p{L}/u.test(character));
  const others = letters.filter(
    (character) => !/[\p{ASCII}\p{Script=Latin}]/u.test(character) || isWide(character),
  );
  const first = others.find((character) => latinOf(character) !== undefined);
  if (first === undefined) return undefined;
  const isMixed = letters.length > others.length;
  const deceivesWhole = others.every((character) => latinOf(character) !== undefined);
  return isMixed || deceivesWhole ? { letter: first, latin: latinOf(first) ?? '' } : undefined;
}

function latinOf(letter: string): string | undefined {
  return isWide(letter) ? letter.normalize('NFKC') : LETTERS.get(letter);
}

function isWide(letter: string): boolean {
  return /[\uff21-\uff3a\uff41-\uff5a]/.test(letter);
}

function scriptOf(letter: string): string {
  if (isWide(letter)) return 'FULLWIDTH';
  if (/\p{Script=Cyrillic}/u.test(letter)) return 'CYRILLIC';
  return /\p{Script=Greek}/u.test(letter) ? 'GREEK' : 'foreign';
}

function codeOf(letter: string): string {
  return `U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
