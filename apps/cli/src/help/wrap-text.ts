/**
 * Breaks text into lines of at most `width` characters, at spaces. Lines that begin with a space stay as they are: they
 * are laid out already; a longer word stands alone in its line.
 */
export function wrapText(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => (line.startsWith(' ') ? [line] : wrapLine(line, width)));
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
