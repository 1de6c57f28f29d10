/**
 * The calls of `postern` in a line of shell, as words without the program's name. Knows quotes, pipes, lists,
 * redirections and `<(...)`; nothing that examples do not use.
 */
export function posternCalls(line: string): string[][] {
  const calls: string[][] = [];
  let words: string[] = [];
  let redirects = false;
  const end = (): void => {
    const at = words.indexOf('postern');
    if (at !== -1) calls.push(words.slice(at + 1));
    words = [];
    redirects = false;
  };
  for (const [token] of line.matchAll(/\d?[<>]\(?|[|;&()]+|(?:'[^']*'|"[^"]*"|[^\s|;&()<>'"])+/g)) {
    if (/^\d?[<>]$/.test(token)) redirects = true;
    else if (/^(\d?[<>]\(|[|;&()]+)$/.test(token)) end();
    else if (redirects) redirects = false;
    else words.push(token.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
  }
  end();
  return calls;
}
