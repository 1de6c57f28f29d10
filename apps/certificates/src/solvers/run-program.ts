import { spawn } from 'node:child_process';

/** Milliseconds after which a program is ended, and characters of its words that are kept. */
const PROGRAM_MS_MAX = 60_000;
const WORDS_CHARS_MAX = 300;

/** Runs a program with `input` on its standard input; fails with what it says, unless it ends with 0. No shell is involved. */
export function runProgram(
  program: string,
  args: readonly string[],
  { input = '', env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: PROGRAM_MS_MAX,
      killSignal: 'SIGKILL',
    });
    let words = '';
    const read = (part: Buffer): void => {
      if (words.length < WORDS_CHARS_MAX) words += part.toString();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    // A program that ends without reading says so by its exit status.
    child.stdin.on('error', () => undefined);
    child.once('error', (cause) =>
      reject(new Error(`${program} cannot be run: ${cause.message}`, { cause })),
    );
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else {
        const end = signal === null ? `ended with ${code}` : `was ended after ${PROGRAM_MS_MAX / 1000} s`;
        const said = words
          .replaceAll(/[\u0000-\u0020\u007f]+/g, ' ')
          .trim()
          .slice(0, WORDS_CHARS_MAX);
        reject(new Error(`${program} ${end}${said === '' ? '' : `: ${said}`}`));
      }
    });
    child.stdin.end(input);
  });
}
