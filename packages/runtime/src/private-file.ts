import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { PosternError } from '@postern/contracts/plain';

/** Writes a file that only its owner may read, whole or not at all: a crash leaves no half-written key. */
export function writePrivateFile(file: string, content: Uint8Array | string): void {
  const temporary = `${file}.new`;
  // One that is there keeps its rights when it is opened; so it goes, and no link in its place is followed.
  rmSync(temporary, { force: true });
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(descriptor, typeof content === 'string' ? Buffer.from(content) : content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}

/** Reads a file that nobody but its owner may read; null when there is none. Fails with `unavailable` when others may read it. */
export function readPrivateFile(file: string): Buffer | null {
  if (!existsSync(file)) return null;
  try {
    if ((statSync(file).mode & 0o077) !== 0) {
      throw new PosternError('unavailable', { detail: `others may read ${file}; run: chmod 600 ${file}` });
    }
    return readFileSync(file);
  } catch (error) {
    if (error instanceof PosternError) throw error;
    throw new PosternError('unavailable', { detail: `${file} cannot be read`, cause: error });
  }
}
