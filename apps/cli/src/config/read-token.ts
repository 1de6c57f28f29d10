import { CliFailure, usageFailure } from '../cli-failure.ts';
import { readInputFile } from '../read-input-file.ts';

/** Bytes. A token has some 60; more is another file. */
const TOKEN_BYTES_MAX = 4096;

/**
 * Reads a token from a file, or from standard input for `-`; on a terminal it is asked for and not shown.
 * Usage failure for what cannot be a token, without repeating it.
 */
export async function readToken(path: string, flag: string): Promise<string> {
  if (path === '-' && process.stdin.isTTY) {
    const { password } = await import('@inquirer/prompts');
    return checkToken(await password({ message: 'Token:' }, { output: process.stderr }), flag);
  }
  return checkToken(readInputFile(path, flag, TOKEN_BYTES_MAX).toString('utf8').trim(), flag);
}

/** Reads the token file of a context; authorization failure, since the context is then of no use. */
export async function readTokenFile(path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  let token: string;
  try {
    token = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new CliFailure('unauthorized', `the token file ${path} cannot be read`, {
      hint: 'start `postern up` there again, or set POSTERN_TOKEN',
      cause: error,
    });
  }
  if (token === '') throw new CliFailure('unauthorized', `the token file ${path} is empty`);
  return token;
}

function checkToken(token: string, flag: string): string {
  if (/^[\x21-\x7e]{1,256}$/.test(token)) return token;
  throw usageFailure(
    token === '' ? `${flag}: there is no token` : `${flag}: this is not a token`,
    'a token is one word, like the value that `postern token create NAME` prints',
  );
}
