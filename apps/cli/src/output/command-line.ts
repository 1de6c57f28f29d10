/** A word as a POSIX shell takes it: quoted where it holds anything but plain characters. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command line that can be run as it stands. */
export function commandLine(...words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
