import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * Notes beside a database how its file was left, to be called by who has closed it; nothing where its log is still there, because another
 * process goes on with it.
 */
export function noteCleanEnd(file: string): void {
  if (existsSync(`${file}-wal`)) return;
  try {
    writeFileSync(noteFileOf(file), stateOf(file), { mode: 0o600 });
  } catch {
    // A disk that takes no note costs the next start its time, and nothing else.
  }
}

/**
 * Takes that note away; true where the file is the very one, untouched since. Another file in its place, one that anything has written to and one
 * with a log (its process was killed) are none: decision 0025.
 */
export function takeCleanEnd(file: string): boolean {
  const note = noteFileOf(file);
  if (!existsSync(note)) return false;
  const noted = readFileSync(note, 'latin1');
  rmSync(note);
  return noted === stateOf(file) && !existsSync(`${file}-wal`);
}

function noteFileOf(file: string): string {
  return `${file}.closed`;
}

function stateOf(file: string): string {
  const { ino, size, mtimeNs } = statSync(file, { bigint: true });
  return `${ino} ${size} ${mtimeNs}\n`;
}
