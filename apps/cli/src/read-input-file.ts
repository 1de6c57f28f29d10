import { closeSync, openSync, readSync } from 'node:fs';
import { CliFailure, usageFailure } from './cli-failure.ts';

/** The flag that took standard input; there is only one. */
let takenBy: string | undefined;

/** How messages name standard input. */
export const STANDARD_INPUT = 'standard input';

/** How messages name what a flag's FILE stands for. */
export function nameOfInput(path: string): string {
  return path === '-' ? STANDARD_INPUT : path;
}

/**
 * Reads a file (or a pipe, or standard input for `-`, once) of at most `bytesMax` bytes. One that cannot be read is a
 * usage failure naming the flag, a larger one a validation failure.
 */
export function readInputFile(path: string, flag: string, bytesMax: number): Buffer {
  let descriptor: number | undefined;
  // A read that waits for somebody (a terminal, a pipe) lets no listener run: without any, Ctrl-C ends the process at once.
  const listeners = process.listeners('SIGINT');
  process.removeAllListeners('SIGINT');
  try {
    if (path === '-') takeStandardInput(flag);
    descriptor = path === '-' ? 0 : openSync(path, 'r');
    const chunks: Buffer[] = [];
    let size = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(65_536);
      const read = readSome(descriptor, chunk);
      if (read === 0) return Buffer.concat(chunks);
      size += read;
      if (size > bytesMax) {
        throw new CliFailure(
          'validation_failed',
          `${nameOfInput(path)} has over ${bytesMax} bytes, the most that ${flag} accepts`,
        );
      }
      chunks.push(chunk.subarray(0, read));
    }
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw usageFailure(`${flag} ${path}: ${reasonOf(error)}`);
  } finally {
    for (const listener of listeners) process.on('SIGINT', listener);
    if (descriptor !== undefined && descriptor !== 0) closeSync(descriptor);
  }
}

function takeStandardInput(flag: string): void {
  if (takenBy !== undefined) throw usageFailure(`${flag} - is not possible: ${takenBy} reads standard input`);
  takenBy = flag;
}

function readSome(descriptor: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(descriptor, chunk);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      // Standard input that another process made non-blocking.
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

function reasonOf(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'reading it is not permitted';
    case 'EISDIR':
      return 'this is a folder';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
