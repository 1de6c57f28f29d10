/**
 * Breaks text into lines of at most `width` characters, at spaces. An empty line ends a paragraph; other line ends are
 * those of the source and count as spaces. Lines that begin with a space stay as they are: they are laid out already; a
 * longer word stands alone in its line.
 */
export function wrapText(text: string, width: number): string[] {
  return joinLines(text.split('\n')).flatMap((line) =>
    line.startsWith(' ') ? [line] : wrapLine(line, width),
  );
}

/** Puts the lines of a paragraph into one. */
function joinLines(lines: readonly string[]): string[] {
  const joined: string[] = [];
  for (const line of lines) {
    const before = joined.at(-1);
    const goesOn = before !== undefined && [before, line].every((part) => /^\S/.test(part));
    if (goesOn) joined[joined.length - 1] = `${before} ${line}`;
    else joined.push(line);
  }
  return joined;
}

/** Lines of `term` and its explanation side by side; an explanation that does not fit goes on under itself. */
export function formatTerms(
  rows: readonly (readonly [string, string])[],
  width: number,
  indent = '  ',
): string[] {
  const longest = Math.max(0, ...rows.map(([term]) => term.length));
  const column = Math.min(longest, Math.floor(width * 0.45));
  const rest = width - indent.length - column - 2;
  return rows.flatMap(([term, text]) => {
    const [first = '', ...more] = wrapText(text, rest);
    const pad = `${indent}${' '.repeat(column)}  `;
    const head =
      term.length > column
        ? [`${indent}${term}`, pad + first]
        : [`${indent}${term.padEnd(column)}  ${first}`];
    return [...head, ...more.map((line) => pad + line)].map((line) => line.trimEnd());
  });
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
