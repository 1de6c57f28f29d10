import { PosternError } from '@postern/contracts/plain';
import { refuseMisspeltSettings } from './env.ts';

/** A started part: what to print once it serves, and how to stop it. */
export interface StartedPart {
  readonly lines: readonly string[];
  close(): Promise<void>;
  /** Resolves when it cannot go on. */
  readonly lost?: Promise<Error>;
}

/** Milliseconds in which further signals are the same wish: npm passes on the Ctrl-C that the terminal sent already. */
const SAME_WISH_MS = 1000;

/**
 * Starts a part, prints that it is ready, and stops it on SIGTERM or SIGINT; one more, a second later, ends at once.
 * `start` is given a signal that aborts with the first, for a start that has to wait. Gives the exit status: 0 after a
 * stop, 1 when it could not start or go on, after one line on standard error that says why.
 */
export async function runUntilSignal(
  name: string,
  start: (stop: AbortSignal) => Promise<StartedPart>,
): Promise<0 | 1> {
  const stop = stopOnSignals();
  let part: StartedPart;
  try {
    await refuseMisspeltSettings();
    part = await start(stop);
  } catch (error) {
    if (stop.aborted) return 0;
    process.stderr.write(`postern ${name}: ${oneLineOf(error)}\n`);
    return 1;
  }
  if (!stop.aborted) {
    process.stdout.write(`${part.lines.join('\n')}\n`);
    const stopped = new Promise<null>((resolve) => {
      stop.addEventListener('abort', () => resolve(null), { once: true });
    });
    const lost = await Promise.race([stopped, ...(part.lost === undefined ? [] : [part.lost])]);
    if (lost !== null) {
      process.stderr.write(`postern ${name}: ${oneLineOf(lost)}\n`);
      await part.close();
      return 1;
    }
  }
  await part.close();
  return 0;
}

function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  let since = 0;
  const onSignal = (): void => {
    if (!stopping.signal.aborted) {
      since = performance.now();
      stopping.abort();
    } else if (performance.now() - since > SAME_WISH_MS) process.exit(1);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return stopping.signal;
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
