import { readFileSync } from 'node:fs';

/**
 * The token in a file, without the blanks around it; null when the file is missing, unreadable or empty, or holds what no token is: sent
 * as a header that would fail with the whole of it in the error, and so in the log.
 */
export function readTokenFile(file: string): string | null {
  try {
    const token = readFileSync(file, 'utf8').trim();
    return /^[\x21-\x7e]{1,4096}$/.test(token) ? token : null;
  } catch {
    return null;
  }
}
