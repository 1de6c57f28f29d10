import { PosternError } from '@postern/contracts';

/** A started part: what to print once it serves, and how to stop it. */
export interface StartedPart {
  readonly lines: readonly string[];
  close(): Promise<void>;
}

/**
 * Starts a part, prints that it is ready, and stops it on SIGTERM or SIGINT (a second one ends at once). Gives the exit
 * status: 0 after a stop, 1 when it could not start, after one line on standard error that says why.
 */
export async function runUntilSignal(name: string, start: () => Promise<StartedPart>): Promise<0 | 1> {
  const signalled = new Promise<void>((resolve) => {
    let count = 0;
    const onSignal = (): void => {
      count += 1;
      if (count > 1) process.exit(1);
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
  let part: StartedPart;
  try {
    part = await start();
  } catch (error) {
    process.stderr.write(`postern ${name}: ${oneLineOf(error)}\n`);
    return 1;
  }
  process.stdout.write(`${part.lines.join('\n')}\n`);
  await signalled;
  await part.close();
  return 0;
}

function oneLineOf(error: unknown): string {
  const text =
    error instanceof PosternError
      ? (error.detail ?? error.message)
      : error instanceof Error
        ? error.message
        : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
